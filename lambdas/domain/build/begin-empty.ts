import type { Deployment } from '../model/deployment.ts';
import type { Environment } from '../model/environment.ts';
import type { EnvironmentState } from '../model/environment-state.ts';
import type { RecordOf } from '../model/table/records.ts';

/**
 * Returns whether a plan may use the state of our convention although files of the repository may name one elsewhere.
 * It may if the environment has a state already: an apply has started in it, or a release needed none. It may also if
 * somebody said that nothing exists yet. An ephemeral environment always begins with a state of its own, and a
 * destruction creates nothing.
 */
export function mayBeginEmpty(
  {
    environment,
    state,
    deployment,
  }: {
    readonly environment: Pick<Environment, 'type'>;
    readonly state: Pick<EnvironmentState, 'newestStarted' | 'beginsEmpty'>;
    readonly deployment: Pick<Deployment, 'operation'>;
  },
  address: RecordOf<'stateAddress'> | undefined,
): boolean {
  if (environment.type === 'ephemeral' || deployment.operation === 'destroy') return true;
  // Without an address it has moved to another account or region, where it has no state yet.
  return state.beginsEmpty === true || (state.newestStarted > 0 && address !== undefined);
}
