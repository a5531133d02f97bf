import { relative } from 'node:path';
import { CommandError } from '../output/command-error.ts';
import { applicationsIn, type EnvironmentDirectory, environmentsIn } from './environment-directories.ts';
import { findRepository, type WorkingRepository } from './repository.ts';

export interface WorkingApplication {
  readonly repository: WorkingRepository;
  readonly application: string;
  readonly directories: readonly EnvironmentDirectory[];
}

/**
 * Finds the application to register in the working copy around a directory: the given one, else that of the directory,
 * else the only one that has directories of environments. Throws CommandError.
 */
export async function findWorkingApplication(
  directory: string,
  given: string | undefined,
): Promise<WorkingApplication> {
  const repository = await findRepository(directory);
  if (!repository)
    throw new CommandError('usage', `${directory} is in no working copy of a git repository`, {
      nextStep:
        'Give the command in a clone of the config repository, which has directories apps/<application>/<environment>.',
    });
  const all = applicationsIn(repository.root);
  const [, around] = /^apps\/([^/]+)/.exec(relative(repository.root, directory)) ?? [];
  const application = given ?? around ?? (all.length === 1 ? all[0] : undefined);
  if (application === undefined)
    throw new CommandError(
      'usage',
      all.length === 0
        ? `${repository.root} has no directory apps/<application>/<environment> with configuration files`
        : `there are several applications: ${all.join(', ')}`,
      {
        nextStep:
          all.length === 0
            ? 'docs/first-day.md shows what a config repository looks like.'
            : 'Name one: `stagegate init APPLICATION`.',
      },
    );
  const directories = environmentsIn(repository.root, application);
  if (directories.length === 0)
    throw new CommandError(
      'usage',
      `${repository.root} has no directory apps/${application}/<environment> with configuration files`,
      {
        nextStep:
          all.length === 0
            ? 'docs/first-day.md shows what a config repository looks like.'
            : `There are: ${all.join(', ')}.`,
      },
    );
  return { repository, application, directories };
}
