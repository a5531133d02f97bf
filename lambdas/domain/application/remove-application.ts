import { forgetApprover } from '../approver/remove-approver.ts';
import { dropTrees } from '../build/drop-trees.ts';
import { freeState } from '../deployment/free-state.ts';
import { freeHostname, requireNoDns } from '../dns/claim-hostname.ts';
import { NotFoundError, RefusedError } from '../errors.ts';
import { MOST_ENVIRONMENTS } from '../model/application.ts';
import { actorOf } from '../model/audit.ts';
import type { Environment } from '../model/environment.ts';
import { isBusy, mayHoldResources, withoutPast } from '../model/environment-state.ts';
import { LISTINGS } from '../model/table/listings.ts';
import type { ApproverMail, Store, Surroundings, Transaction } from '../ports.ts';
import { listAll } from '../transaction/list-all.ts';
import { recordAudit } from '../transaction/record-audit.ts';

/**
 * Removes an application with its environments and approvers, and frees their state addresses. Its releases,
 * deployments and decisions stay: they are the audit, and numbering goes on if the application is made again.
 * Safe to repeat: a second call finishes what a crash left undone. Throws NotFoundError, RefusedError.
 */
export async function removeApplication(
  services: { readonly store: Store; readonly mail: ApproverMail; readonly surroundings: Surroundings },
  name: string,
  by: string,
): Promise<void> {
  const { store, surroundings } = services;
  // All of it must be readable before anything is deleted.
  const environments = await listAll(store, LISTINGS.environments(name));
  await listAll(store, LISTINGS.approvers(name));
  await listAll(store, LISTINGS.externalIds(name));
  const regular = environments.filter(({ type }) => type === 'regular').map((environment) => environment.name);
  const isFound = await store.transact(async (transaction) => {
    if (!(await remove(transaction, name, regular))) return false;
    const actor = actorOf({ principal: by });
    await recordAudit(transaction, surroundings, { application: name, type: 'application-removed', ...actor });
    return true;
  });
  const isForgotten = await forgetEphemeral(store, name, environments);
  // Only now: an approver can be registered until the application is deleted.
  const approvers = await listAll(store, LISTINGS.approvers(name));
  if (!isFound && !isForgotten && approvers.length === 0) throw new NotFoundError('application', name);
  const isGone = async (transaction: Transaction) => !(await transaction.get('application', { name }));
  for (const approver of approvers) await forgetApprover(services, approver, by, isGone);
}

/**
 * Deletes the records that ephemeral environments left, one at a time, because there may be too many for a transaction.
 * If the application is made again, it gets other external ids. Returns whether there was anything to delete.
 */
async function forgetEphemeral(store: Store, application: string, listed: readonly Environment[]): Promise<boolean> {
  const ephemeral = listed.filter(({ type }) => type === 'ephemeral');
  const externalIds = await listAll(store, LISTINGS.externalIds(application));
  const forget = (perform: (transaction: Transaction) => Promise<void>) =>
    store.transact(async (transaction) => {
      if (!(await transaction.get('application', { name: application }))) await perform(transaction);
    });
  for (const { name } of ephemeral)
    await forget(async (transaction) => {
      if (await transaction.get('environment', { application, name }))
        transaction.delete('environment', { application, name });
    });
  for (const where of externalIds)
    await forget(async (transaction) => {
      if (await transaction.get('externalId', where)) transaction.delete('externalId', where);
    });
  return ephemeral.length + externalIds.length > 0;
}

/** Most state addresses that fit in the transaction beside the six records that each environment may have. */
const MOST_ADDRESSES = 22;

async function remove(transaction: Transaction, name: string, environments: readonly string[]): Promise<boolean> {
  const application = await transaction.get('application', { name });
  if (!application) return false;
  const register = await transaction.get('ephemeralRegister', {});
  const live = register?.live.filter((each) => each.application === name) ?? [];
  if (live.length > 0)
    throw new RefusedError(
      'something-deployed',
      `"${name}" has ephemeral environments (${live.map(({ environment }) => environment).join(', ')}); delete them first`,
    );
  // Includes the pipeline's names: an environment that is being made at this moment is not listed yet.
  const all = new Set([...environments, ...application.pipeline]);
  if (all.size > MOST_ENVIRONMENTS)
    throw new RefusedError(
      'not-allowed-here',
      `"${name}" has ${all.size} environments, too many to be removed at once; remove those outside of its pipeline first`,
    );
  let addresses = 0;
  for (const environment of all) {
    const where = { application: name, environment };
    const state = await transaction.get('environmentState', where);
    if (isBusy(state))
      throw new RefusedError('deployments-open', `environment "${environment}" of "${name}" has an open deployment`);
    if (state?.deployed)
      throw new RefusedError(
        'something-deployed',
        `release ${state.deployed.release} is deployed in "${environment}" of "${name}"; destroy it first`,
      );
    if (mayHoldResources(state))
      throw new RefusedError(
        'something-deployed',
        `the Terraform state of "${environment}" of "${name}" may hold resources; destroy them first`,
      );
    await requireNoDns(transaction, where);
    addresses += await freeState(transaction, where);
    await dropTrees(transaction, where);
    if (addresses > MOST_ADDRESSES)
      throw new RefusedError(
        'not-allowed-here',
        `the states of "${name}" were moved so often that it cannot be removed at once; remove its environments first`,
      );
    if (state) transaction.put('environmentState', withoutPast(state));
    const defined = await transaction.get('environment', { application: name, name: environment });
    if (!defined) continue;
    await freeHostname(transaction, defined);
    transaction.delete('environment', { application: name, name: environment });
  }
  if (await transaction.get('applicationReads', { application: name }))
    transaction.delete('applicationReads', { application: name });
  transaction.delete('application', { name });
  return true;
}
