import { createHash } from 'node:crypto';
import type { Refused } from '../errors.ts';
import type { Deployment } from '../model/deployment.ts';
import type { GateName } from '../policy.ts';
import type { Surroundings, Transaction } from '../ports.ts';
import { recordAudit } from '../transaction/record-audit.ts';

interface RefusedAttempt {
  /** The registered approver, or the caller that maps to no approver. */
  readonly by: string;
  readonly via: 'link' | 'api';
  readonly principal?: string;
  readonly gate: GateName;
  /** Round of the plan that the gate is about, if it is known. */
  readonly round?: number;
  readonly decision: 'approve' | 'reject';
  readonly digest: string;
  readonly comment?: string;
}

/**
 * Records a refused decision in the audit: once for each person, gate, plan, decision and reason, so that nobody can
 * fill the table by trying again and again.
 */
export async function recordRefusedAttempt(
  transaction: Transaction,
  surroundings: Pick<Surroundings, 'now'>,
  { id: deploymentId, application, environment }: Deployment,
  { by, via, principal, gate, round = 0, decision, digest, comment }: RefusedAttempt,
  { refusal, message }: Refused,
): Promise<void> {
  const mark = createHash('sha256')
    .update(JSON.stringify([by, via, gate, round, decision, refusal]))
    .digest('hex');
  if (await transaction.get('refusalMark', { deploymentId, mark })) return;
  transaction.put('refusalMark', { deploymentId, mark, at: surroundings.now() });
  await recordAudit(transaction, surroundings, {
    application,
    environment,
    deploymentId,
    gate,
    type: 'refused',
    by,
    via,
    digest,
    ...(principal && { principal }),
    ...(comment && { comment }),
    details: { decision, refusal, message },
  });
}
