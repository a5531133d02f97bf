import { NotFoundError, RefusedError } from '../errors.ts';
import { actorOf } from '../model/audit.ts';
import type { Requester } from '../model/deployment.ts';
import type { Environment, EnvironmentPatch } from '../model/environment.ts';
import { emptyState } from '../model/environment-state.ts';
import { type Allowed, requireAllowedTag } from '../model/request/settings-tag.ts';
import type { Store, Surroundings, Transaction } from '../ports.ts';
import { recordAudit } from '../transaction/record-audit.ts';
import { recordEnvironmentEvent } from '../transaction/record-environment-event.ts';
import { tagNow } from './tag-now.ts';

/**
 * Sets or lifts an environment's hold and its protection against deletion, and records who did so and why.
 * Throws NotFoundError, RefusedError `production-protected`.
 */
export async function adjustEnvironment(
  { store, surroundings }: { store: Store; surroundings: Surroundings },
  where: { readonly application: string; readonly environment: string },
  { hold, deletionProtection, reason = '' }: EnvironmentPatch,
  by: Requester,
  ifMatch?: Allowed,
): Promise<Environment> {
  return store.transact(async (transaction) => {
    const current = await transaction.get('environment', { application: where.application, name: where.environment });
    if (!current) throw new NotFoundError('environment', `${where.application}/${where.environment}`);
    if (current.type !== 'regular')
      throw new RefusedError(
        'not-allowed-here',
        `environment "${current.name}" is ephemeral: nothing is promoted into it, and it is not protected`,
      );
    if (ifMatch !== undefined) requireAllowedTag(ifMatch, await tagNow(transaction, current));
    const record = async (type: 'held' | 'hold-lifted' | 'protected' | 'protection-removed') => {
      recordEnvironmentEvent(transaction, surroundings, { ...where, type, by: by.principal, reason });
      const comment = reason && { comment: reason };
      await recordAudit(transaction, surroundings, { ...where, type, ...actorOf(by), ...comment });
    };
    if (hold !== undefined) {
      await setHold(transaction, where, hold ? { reason, by, at: surroundings.now() } : null);
      await record(hold ? 'held' : 'hold-lifted');
    }
    if (deletionProtection === undefined || deletionProtection === current.deletionProtection) return current;
    if (!deletionProtection && current.stage === 'production')
      throw new RefusedError('production-protected', `"${current.name}" is production: its protection stays`);
    const environment = { ...current, deletionProtection, updatedAt: surroundings.now() };
    transaction.put('environment', environment);
    await record(deletionProtection ? 'protected' : 'protection-removed');
    return environment;
  });
}

async function setHold(
  transaction: Transaction,
  where: { application: string; environment: string },
  hold: { reason: string; by: Requester; at: string } | null,
): Promise<void> {
  const state = (await transaction.get('environmentState', where)) ?? emptyState(where.application, where.environment);
  transaction.put('environmentState', { ...state, hold });
}
