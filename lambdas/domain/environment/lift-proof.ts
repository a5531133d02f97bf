import * as z from 'zod';
import { NotFoundError, RefusedError } from '../errors.ts';
import { actorOf } from '../model/audit.ts';
import type { Requester } from '../model/deployment.ts';
import { activeLifts, type Lift, LiftSchema } from '../model/lifts/lift.ts';
import { previousOf } from '../model/pipeline.ts';
import { PROOF_LIFT_SECONDS, type ProofLiftRequest, subjectOf } from '../model/proof/proof-lift.ts';
import { type Subject, SubjectSchema } from '../model/proof/subject.ts';
import type { Store, Surroundings } from '../ports.ts';
import { findApplication } from '../transaction/find.ts';
import { transactOwn } from '../transaction/own-transaction.ts';
import { recordAudit } from '../transaction/record-audit.ts';

/**
 * Lifts the proof of one module by its identity, of one engine or of one provider version: for one plan, within seven
 * days (rule 1). If there is a lift that can be used already and names the same call, returns that lift. Throws
 * NotFoundError, RefusedError.
 */
export async function liftProof(
  { store, surroundings }: { store: Store; surroundings: Surroundings },
  where: { readonly application: string; readonly environment: string },
  request: ProofLiftRequest,
  by: Requester,
): Promise<{ subject: Subject; lift: Lift }> {
  const { reason, ...named } = request;
  const subject = subjectOf(request);
  return transactOwn(store, z.object({ subject: SubjectSchema, lift: LiftSchema }), async (transaction) => {
    const { application, environment: name } = where;
    const environment = await transaction.get('environment', { application, name });
    if (!environment) throw new NotFoundError('environment', `${application}/${name}`);
    if (environment.type !== 'regular')
      throw new RefusedError('not-allowed-here', `"${name}" is ephemeral: nothing has to be proven for it`);
    const owner = await findApplication(transaction, application);
    if (previousOf(owner, name) === undefined)
      throw new RefusedError('not-allowed-here', `"${name}" is the first environment: nothing has to be proven for it`);
    const given = await transaction.get('proofLifts', { ...where, subject });
    const now = surroundings.now();
    const active = activeLifts(given?.lifts, { createdAt: environment.createdAt, now });
    const call = 'call' in request ? request.call : undefined;
    const standing = active.find((each) => each.call === call);
    if (standing) return { subject, lift: standing };
    // A lift that names another call takes the place of those that can be used.
    const earlier = given?.lifts.map((each) => (active.includes(each) ? { ...each, expiresAt: now } : each)) ?? [];
    const expiresAt = new Date(Date.parse(now) + PROOF_LIFT_SECONDS * 1000).toISOString();
    const lift = { reason, by, at: now, expiresAt, ...(call !== undefined && { call }) };
    transaction.put('proofLifts', { ...where, subject, lifts: [...earlier, lift] });
    await recordAudit(transaction, surroundings, {
      ...where,
      type: 'proof-lifted',
      ...actorOf(by),
      comment: reason,
      details: { ...named, expiresAt },
    });
    return { subject, lift };
  });
}
