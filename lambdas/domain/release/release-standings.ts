import * as z from 'zod';
import { type EnvironmentState, type Outcome, twinsOf } from '../model/environment-state.ts';
import { STANDINGS, standingOf } from '../model/passed-through.ts';

/** What became of a release in one environment, by its latest deployment there. */
export const ReleaseStandingSchema = z.object({
  environment: z.string(),
  /** `queued`: a deployment waits for the environment. `open`: one holds it, until it has ended and left. */
  state: z.enum([...STANDINGS, 'queued', 'open']),
  deploymentId: z.string(),
  /** Time of the ending, or since when the deployment holds the environment; null while it waits. */
  at: z.string().nullable(),
});
export type ReleaseStanding = z.infer<typeof ReleaseStandingSchema>;

/** What is known about a release in one environment. */
interface Place {
  readonly environment: string;
  readonly state: EnvironmentState | undefined;
  readonly outcome: Outcome | undefined;
}

/**
 * Returns what became of a release in an environment; undefined if nothing is recorded: it was not deployed there, or
 * its deployments ended while they waited for the environment.
 */
export function standingIn(release: number, { environment, state, outcome }: Place): ReleaseStanding | undefined {
  const open = state && openDeployment(state, release, outcome);
  if (open) return { environment, ...open };
  if (!outcome) return undefined;
  const { deploymentId, at } = outcome;
  return { environment, state: standingOf(state, outcome), deploymentId, at };
}

function openDeployment(
  state: EnvironmentState,
  release: number,
  outcome: Outcome | undefined,
): Omit<ReleaseStanding, 'environment'> | undefined {
  const entries = (['deploy', 'rollback'] as const).flatMap((operation) => twinsOf(state, { release, operation }));
  const deploymentId = entries.find((id) => id !== outcome?.deploymentId);
  if (deploymentId === undefined) return undefined;
  const { holder } = state;
  return holder?.deploymentId === deploymentId
    ? { state: 'open', deploymentId, at: holder.since }
    : { state: 'queued', deploymentId, at: null };
}
