import * as z from 'zod';
import { StateAddressTextSchema, unfitAddress } from '../contract/state-address.ts';
import { InvalidInputError, RefusedError } from '../errors.ts';
import { actorOf } from '../model/audit.ts';
import type { Requester } from '../model/deployment.ts';
import { type Environment, EnvironmentSchema } from '../model/environment.ts';
import { isBusy } from '../model/environment-state.ts';
import type { Store, Surroundings } from '../ports.ts';
import { findEnvironment } from '../transaction/find.ts';
import { transactOwn } from '../transaction/own-transaction.ts';
import { recordAudit } from '../transaction/record-audit.ts';
import { recordEnvironmentEvent } from '../transaction/record-environment-event.ts';

/** Body of `POST …/state-moves`. */
export const StateMoveSchema = z.strictObject({
  /** `<bucket>/<key>` at which the next plan of the environment must find its state. */
  to: StateAddressTextSchema,
  reason: z.string().min(1).max(500),
});

/**
 * Changes the address at which a regular environment's Terraform state must be (rule 6). It does not copy the object or
 * change the backend block: the person who moves the state does so. Former addresses stay claimed, because the states
 * there may still describe existing resources. Throws InvalidInputError, NotFoundError, RefusedError.
 */
export async function moveState(
  { store, surroundings }: { readonly store: Store; readonly surroundings: Surroundings },
  where: { readonly application: string; readonly environment: string },
  { to, reason }: z.output<typeof StateMoveSchema>,
  by: Requester,
): Promise<Environment> {
  const slash = to.indexOf('/');
  const unfit = unfitAddress(to.slice(0, slash), to.slice(slash + 1));
  if (unfit)
    throw new InvalidInputError('request', [
      { field: 'to', message: `the address ${unfit}`, value: JSON.stringify(to) },
    ]);
  return transactOwn(store, EnvironmentSchema, async (transaction) => {
    const { application, environment: name } = where;
    const environment = await findEnvironment(transaction, application, name);
    if (environment.type !== 'regular')
      throw new RefusedError('not-allowed-here', `"${name}" is ephemeral: its state stays where it is`);
    if (isBusy(await transaction.get('environmentState', where)))
      throw new RefusedError('deployments-open', `the state of "${name}" moves only while no deployment is open there`);
    const claim = await transaction.get('stateClaim', { address: to });
    if (claim && (claim.application !== application || claim.environment !== name))
      throw new RefusedError(
        'state-address-taken',
        `the state at ${to} belongs to ${claim.application}/${claim.environment}`,
      );
    const current = await transaction.get('stateAddress', where);
    if (current?.address === to) return environment;
    if (!claim) transaction.put('stateClaim', { ...where, address: to, at: surroundings.now() });
    const former = [...(current ? [current.address, ...current.former] : [])].filter((address) => address !== to);
    transaction.put('stateAddress', { ...where, address: to, former: [...new Set(former)] });
    const moved = `${current?.address ?? 'nowhere yet'} -> ${to}: ${reason}`;
    recordEnvironmentEvent(transaction, surroundings, {
      ...where,
      type: 'state-moved',
      by: by.principal,
      reason: moved,
    });
    await recordAudit(transaction, surroundings, {
      ...where,
      type: 'state-moved',
      ...actorOf(by),
      comment: reason,
      details: { from: current?.address ?? null, to },
    });
    return environment;
  });
}
