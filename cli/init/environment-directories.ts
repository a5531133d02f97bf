import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { listConfigurationFiles } from '../../buildspecs/program/configuration/files.ts';
import { ApplicationNameSchema, directoryOf, EnvironmentNameSchema } from '../../lambdas/domain/names.ts';
import { STAGES, type Stage } from '../../lambdas/domain/policy.ts';

/** A directory of a config repository that can be an environment. */
export interface EnvironmentDirectory {
  readonly name: string;
  /** Path in the working copy. */
  readonly directory: string;
  /** Undefined if the name does not say it. */
  readonly stage: Stage | undefined;
  /** Whether it has files that only OpenTofu reads. */
  readonly isOfTofu: boolean;
}

const directoriesIn = (path: string): string[] => {
  try {
    return readdirSync(path, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? entry.name : []));
  } catch {
    return [];
  }
};

/** Returns the applications that a working copy has directories of environments for. */
export const applicationsIn = (root: string): string[] =>
  directoriesIn(join(root, 'apps'))
    .filter((name) => ApplicationNameSchema.safeParse(name).success && environmentsIn(root, name).length > 0)
    .sort();

/** Returns the environments of an application: the directories with configuration, in the order of a pipeline. */
export function environmentsIn(root: string, application: string): EnvironmentDirectory[] {
  return directoriesIn(join(root, 'apps', application))
    .filter((name) => EnvironmentNameSchema.safeParse(name).success)
    .flatMap((name): EnvironmentDirectory[] => {
      const directory = directoryOf(application, name);
      const files = listConfigurationFiles(join(root, directory), 'tofu');
      if (files.length === 0) return [];
      return [
        { name, directory, stage: stageOf(name), isOfTofu: files.some((file) => /\.tofu(?:\.json)?$/.test(file)) },
      ];
    })
    .sort(byPipeline);
}

/** Returns what the name of an environment says of its stage. */
export function stageOf(name: string): Stage | undefined {
  if (name.startsWith('dev')) return 'development';
  if (name.startsWith('stag')) return 'staging';
  return name.startsWith('prod') ? 'production' : undefined;
}

const rankOf = (stage: Stage | undefined): number => (stage === undefined ? STAGES.length : STAGES.indexOf(stage));

/** Development before staging before production, and by name within a stage: `dev2` before `dev10`. */
export const byPipeline = (
  one: Pick<EnvironmentDirectory, 'name' | 'stage'>,
  other: Pick<EnvironmentDirectory, 'name' | 'stage'>,
): number => rankOf(one.stage) - rankOf(other.stage) || one.name.localeCompare(other.name, 'en', { numeric: true });
