import * as z from 'zod';
import { NotFoundError } from '../errors.ts';
import { actorOf } from '../model/audit.ts';
import type { Requester } from '../model/deployment.ts';
import { activeLift, type Lift, LiftSchema } from '../model/lifts/lift.ts';
import type { ProtectionLiftRequestSchema } from '../model/lifts/protection-lift.ts';
import type { Store, Surroundings } from '../ports.ts';
import { transactOwn } from '../transaction/own-transaction.ts';
import { recordAudit } from '../transaction/record-audit.ts';

/**
 * Lifts the protection of one address (or of the environment) for one use (rule 7). If there is an unused lift already,
 * returns that lift. Throws NotFoundError.
 */
export async function liftProtection(
  { store, surroundings }: { store: Store; surroundings: Surroundings },
  where: { readonly application: string; readonly environment: string },
  { address, reason }: z.output<typeof ProtectionLiftRequestSchema>,
  by: Requester,
): Promise<{ address: string; lift: Lift }> {
  return transactOwn(store, z.object({ address: z.string(), lift: LiftSchema }), async (transaction) => {
    const environment = await transaction.get('environment', {
      application: where.application,
      name: where.environment,
    });
    if (!environment) throw new NotFoundError('environment', `${where.application}/${where.environment}`);
    const given = await transaction.get('protectionLifts', { ...where, address });
    const now = surroundings.now();
    const standing = activeLift(given?.lifts, { createdAt: environment.createdAt, now });
    if (standing) return { address, lift: standing };
    const lift = { reason, by, at: now };
    transaction.put('protectionLifts', { ...where, address, lifts: [...(given?.lifts ?? []), lift] });
    await recordAudit(transaction, surroundings, {
      ...where,
      type: 'protection-lifted',
      ...actorOf(by),
      comment: reason,
      details: { address },
    });
    return { address, lift };
  });
}
