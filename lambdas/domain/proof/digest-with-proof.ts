import { createHash } from 'node:crypto';
import type { ProofFindings } from '../plan/proof-findings.ts';

/**
 * Returns the change digest of a plan (SHA-256, hex) together with what its approvers are asked to let in unproven: each
 * lift with its reason, and each exempt call. Approvals of an earlier plan, whose approvers were told something else,
 * do not count for it. A plan that needs no such thing keeps its digest.
 */
export function digestWithProof(changeDigest: string, findings: ProofFindings | undefined): string {
  if (findings?.mode !== 'block') return changeDigest;
  const lines = [
    ...findings.unproven.filter(({ isLifted }) => isLifted).map(({ subject, reason }) => ['lift', subject, reason]),
    ...findings.exempt.map(({ call, source }) => ['exempt', call, source]),
  ].map((told) => JSON.stringify(told));
  if (lines.length === 0) return changeDigest;
  return createHash('sha256')
    .update([changeDigest, ...lines.sort()].join('\n'))
    .digest('hex');
}
