import type { EngineName } from '../../../lambdas/domain/contract/engine-release.ts';
import type { ApplyBuild, InspectBuild } from '../build/run-build.ts';
import { readConfiguration } from './read-configuration.ts';
import { refuseModuleSources } from './refuse-module-sources.ts';
import { secretsAmong } from './variable-secrets.ts';
import { declaredVariables, readFileValues } from './variables.ts';

/**
 * Returns the secrets in the files of a tree, for builds that get it from a plan build: the same that the plan build
 * knew. That it has no module from a bad source is checked on the way.
 */
export async function secretsOfTree(
  { paths, variables }: Pick<ApplyBuild | InspectBuild, 'paths' | 'variables'>,
  engine: EngineName,
): Promise<string[]> {
  const configuration = await readConfiguration(paths.directory, engine, variables.STAGEGATE_DIRECTORY);
  const secrets: string[] = [];
  const { given } = await refuseModuleSources(configuration, { tree: paths.tree, engine, secrets });
  return [...secrets, ...secretsAmong(declaredVariables(configuration), await readFileValues(paths.directory), given)];
}
