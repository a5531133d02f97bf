import type { EngineName } from '../../../lambdas/domain/contract/engine-release.ts';
import type { AnyBuild } from '../build/run-build.ts';
import type { WorkPaths } from '../build/work-paths.ts';
import { repositoryReads } from './repository-reads.ts';

/** What is needed of a build. */
interface DescribingBuild {
  readonly variables: Pick<AnyBuild['variables'], 'STAGEGATE_OPERATION'>;
  readonly paths: Pick<WorkPaths, 'tree' | 'directory'>;
}

/**
 * Returns what the planned directory reads of the repository, as it is stored. Returns undefined for a destruction,
 * after which no push matters to what is there.
 */
export function describeReads(build: DescribingBuild, engine: EngineName): string | undefined {
  if (build.variables.STAGEGATE_OPERATION === 'destroy') return undefined;
  return `${JSON.stringify(repositoryReads(build.paths, engine))}\n`;
}
