import * as z from 'zod';
import { CredentialsRequestSchema } from '../contract/build-credentials.ts';
import { ApplyResultSchema } from '../contract/build-result.ts';
import type { Deployment, DeploymentIn } from '../model/deployment.ts';
import type { ArtifactStore, Builds, Reader, Store, Surroundings } from '../ports.ts';
import { findApplyTicket } from './apply-ticket.ts';
import { giveBackPlan } from './give-back-plan.ts';
import { readResult } from './read-result.ts';
import { applyPrefix } from './run-prefix.ts';

/** What an apply build claims before it does anything else. Only `build` is read here. */
const StartedSchema = z.object({ build: CredentialsRequestSchema.shape.buildId });

/** Traces of apply builds of one attempt. */
interface Traces {
  /** The builds that have redeemed the ticket or claimed the run. */
  readonly builds: readonly string[];
  readonly isRedeemed: boolean;
  readonly isClaimed: boolean;
}

async function tracesOf(reader: Reader, artifacts: ArtifactStore, deployment: Deployment): Promise<Traces> {
  const [ticket, { result, isThere }] = await Promise.all([
    findApplyTicket(reader, deployment),
    readResult(artifacts, applyPrefix(deployment), 'applyStarted', StartedSchema),
  ]);
  const named = [ticket?.session?.buildId, result?.build].filter((build) => build !== undefined);
  return { builds: [...new Set(named)], isRedeemed: ticket?.session !== undefined, isClaimed: isThere };
}

/** How it stands with an apply: whether it began, and how it ended. */
export type FoundApply = 'running' | 'succeeded' | 'failed' | 'given-back';

/**
 * Finds out whether an apply build has begun, by its redeemed ticket and its claim to the run, and how it stands. The
 * answer of StartBuild does not count, because it may have been lost. If no build has begun, none can any more: the plan
 * is given back. Throws NotHolderError.
 */
export async function findApply(
  {
    store,
    artifacts,
    builds,
    surroundings,
  }: {
    readonly store: Store;
    readonly artifacts: ArtifactStore;
    readonly builds: Pick<Builds, 'statusOf'>;
    readonly surroundings: Surroundings;
  },
  deployment: DeploymentIn<'applying'>,
): Promise<FoundApply> {
  const traces = await tracesOf(store, artifacts, deployment);
  const statuses = await Promise.all(traces.builds.map((build) => builds.statusOf(build)));
  if (statuses.includes('running')) return 'running';
  // Read after the builds have ended: what they leave is there now.
  const { isThere, result } = await readResult(artifacts, applyPrefix(deployment), 'applyResult', ApplyResultSchema);
  if (!traces.isRedeemed && !traces.isClaimed && !isThere)
    return (await giveBackPlan({ store, surroundings }, deployment.id)) ? 'given-back' : 'running';
  return result?.ok && statuses.includes('succeeded') ? 'succeeded' : 'failed';
}
