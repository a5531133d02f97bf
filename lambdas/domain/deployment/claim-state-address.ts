import type { PlanSuccess } from '../contract/build-result.ts';
import { unfitAddress } from '../contract/state-address.ts';
import type { EndingError } from '../endings.ts';
import { type Environment, stateKeyOf } from '../model/environment.ts';
import type { Surroundings, Transaction } from '../ports.ts';

export const stateAddressOf = ({ bucket, key }: Pick<PlanSuccess['backend'], 'bucket' | 'key'>): string =>
  `${bucket}/${key}`;

/** Claims the state address, or returns why not: the first environment to plan there owns it and stays (rule 6). */
export async function claimStateAddress(
  transaction: Transaction,
  target: Environment,
  { bucket, key }: PlanSuccess['backend'],
  surroundings: Surroundings,
): Promise<EndingError | undefined> {
  const { application, name: environment } = target;
  const address = stateAddressOf({ bucket, key });
  if (target.type === 'ephemeral' && key !== stateKeyOf(target))
    return {
      reason: 'state-address-moved',
      message: `the state of an ephemeral environment is at ${stateKeyOf(target)}, this plan would use ${key}`,
    };
  const unfit = unfitAddress(bucket, key);
  if (unfit) return { reason: 'state-address-unfit', message: `the state address ${address} ${unfit}` };
  const [settled, claim] = await Promise.all([
    transaction.get('stateAddress', { application, environment }),
    transaction.get('stateClaim', { address }),
  ]);
  if (settled && settled.address !== address)
    return {
      reason: 'state-address-moved',
      message: `its state is at ${settled.address}, this plan would use ${address}`,
    };
  if (claim && (claim.application !== application || claim.environment !== environment))
    return {
      reason: 'state-address-taken',
      message: `the state at ${address} belongs to ${claim.application}/${claim.environment}`,
    };
  if (!claim) transaction.put('stateClaim', { address, application, environment, at: surroundings.now() });
  if (!settled) transaction.put('stateAddress', { application, environment, address, former: [] });
  return undefined;
}
