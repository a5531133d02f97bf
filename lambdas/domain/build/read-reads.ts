import { type RepositoryReads, RepositoryReadsSchema, UNKNOWN_READS } from '../contract/repository-reads.ts';
import type { Deployment } from '../model/deployment.ts';
import type { ArtifactStore } from '../ports.ts';
import { readResult } from './read-result.ts';
import { runPrefix } from './run-prefix.ts';

/**
 * Reads what a planned directory reads of the repository: from the inspect build if there was one, otherwise from the
 * plan build, which tells it before it runs any code of the repository. Undefined for a destruction, after which no push
 * matters to what is there.
 */
export async function readReads(
  artifacts: ArtifactStore,
  deployment: Deployment,
  { isInspected }: { readonly isInspected: boolean },
): Promise<RepositoryReads | undefined> {
  if (deployment.operation === 'destroy') return undefined;
  const object = isInspected ? 'inspectedReads' : 'reads';
  const { result } = await readResult(artifacts, runPrefix(deployment), object, RepositoryReadsSchema);
  return result ?? UNKNOWN_READS;
}

/**
 * Reads the same of a plan that failed; undefined if it failed before it was known. The commit that repairs a plan may
 * change nothing but what the plan reads elsewhere.
 */
export async function readReadsOfFailure(
  artifacts: ArtifactStore,
  deployment: Deployment,
): Promise<RepositoryReads | undefined> {
  if (deployment.operation === 'destroy' || deployment.status !== 'planning') return undefined;
  return (await readResult(artifacts, runPrefix(deployment), 'reads', RepositoryReadsSchema)).result;
}
