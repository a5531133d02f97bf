import type * as z from 'zod';
import { NotFoundError } from '../errors.ts';
import { actorOf } from '../model/audit.ts';
import type { Requester } from '../model/deployment.ts';
import { activeLift, type ProtectionLift, type ProtectionLiftRequestSchema } from '../model/protection-lift.ts';
import type { Store, Surroundings } from '../ports.ts';
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
): Promise<{ address: string; lift: ProtectionLift }> {
  return store.transact(async (transaction) => {
    const environment = await transaction.get('environment', {
      application: where.application,
      name: where.environment,
    });
    if (!environment) throw new NotFoundError('environment', `${where.application}/${where.environment}`);
    const lifts = await transaction.get('protectionLifts', { ...where, address });
    const standing = activeLift(lifts, environment);
    if (standing) return { address, lift: standing };
    const lift = { reason, by, at: surroundings.now() };
    transaction.put('protectionLifts', { ...where, address, lifts: [...(lifts?.lifts ?? []), lift] });
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
