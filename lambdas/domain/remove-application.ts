import { actorOf } from './audit.ts';
import { freeHostname, requireNoDns } from './claim-hostname.ts';
import { isBusy } from './environment-state.ts';
import { NotFoundError, RefusedError } from './errors.ts';
import { listAll } from './list-all.ts';
import type { ApproverMail, Store, Surroundings, Transaction } from './ports.ts';
import { recordAudit } from './record-audit.ts';
import { LISTINGS } from './records.ts';
import { forgetApprover } from './remove-approver.ts';

/**
 * Removes an application with its environments and approvers, and frees their state addresses. Its releases,
 * deployments and decisions stay: they are the audit, and numbering goes on if the application is made again.
 * Repeated, it finishes what a crash left. Throws NotFoundError, RefusedError.
 */
export async function removeApplication(
  services: { readonly store: Store; readonly mail: ApproverMail; readonly surroundings: Surroundings },
  name: string,
  by: string,
): Promise<void> {
  const { store, surroundings } = services;
  const environments = (await listAll(store, LISTINGS.environments(name))).map((environment) => environment.name);
  const approvers = await listAll(store, LISTINGS.approvers(name));
  const isFound = await store.transact(async (transaction) => {
    if (!(await remove(transaction, name, environments))) return false;
    const actor = actorOf({ principal: by });
    await recordAudit(transaction, surroundings, { application: name, type: 'application-removed', ...actor });
    return true;
  });
  if (!isFound && approvers.length === 0) throw new NotFoundError('application', name);
  for (const approver of approvers) await forgetApprover(services, approver, by);
}

async function remove(transaction: Transaction, name: string, environments: readonly string[]): Promise<boolean> {
  const application = await transaction.get('application', { name });
  if (!application) return false;
  // The pipeline's names too: an environment that is being made at this moment is not listed yet.
  for (const environment of new Set([...environments, ...application.pipeline])) {
    const where = { application: name, environment };
    const state = await transaction.get('environmentState', where);
    if (isBusy(state))
      throw new RefusedError('deployments-open', `environment "${environment}" of "${name}" has an open deployment`);
    if (state?.deployed)
      throw new RefusedError(
        'something-deployed',
        `release ${state.deployed.release} is deployed in "${environment}" of "${name}"; destroy it first`,
      );
    await requireNoDns(transaction, where);
    await freeState(transaction, where);
    const defined = await transaction.get('environment', { application: name, name: environment });
    if (!defined) continue;
    await freeHostname(transaction, application, defined);
    transaction.delete('environment', { application: name, name: environment });
  }
  transaction.delete('application', { name });
  return true;
}

/** Rule 6: an address is free again when its owner is gone and had nothing deployed. */
async function freeState(transaction: Transaction, where: { application: string; environment: string }): Promise<void> {
  const claimed = await transaction.get('stateAddress', where);
  if (!claimed) return;
  transaction.delete('stateAddress', where);
  const claim = await transaction.get('stateClaim', { address: claimed.address });
  if (claim) transaction.delete('stateClaim', { address: claimed.address });
}
