import { existsSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { Api } from '../client/api-client.ts';
import { CommandError } from '../output/command-error.ts';

/** Thrown when a command is about one application, and nothing says about which. */
export class SeveralApplicationsError extends CommandError {
  constructor(names: readonly string[]) {
    super('usage', `there are several applications: ${names.join(', ')}`, {
      nextStep: 'Name one with --app, or give the command in its directory apps/<application>.',
    });
  }
}

/**
 * Returns the application that a command is about: the given one, else that of the directory (`apps/<application>/…`),
 * else the only one in the `apps` of the working copy, else the only one that there is.
 */
export async function findApplication(given: string | undefined, directory: string, api: Api): Promise<string> {
  const near = nearApplication(given, directory);
  if (near !== undefined) return near;
  const { items } = await api.body(api.http.GET('/applications', { params: { query: { limit: 20 } } }));
  const names = items.map(({ name }) => name);
  const [only] = names;
  if (only !== undefined && names.length === 1) return only;
  if (only === undefined)
    throw new CommandError('not-found', 'there is no application yet', {
      nextStep: 'Register one: `stagegate init` in a working copy of its config repository (docs/first-day.md).',
    });
  throw new SeveralApplicationsError(names);
}

/** Returns the given application, else the one that the directory tells of. */
export const nearApplication = (given: string | undefined, directory: string): string | undefined =>
  given ?? applicationOf(directory);

/** Returns the application in whose directory this is, or the only one of the working copy. */
function applicationOf(directory: string): string | undefined {
  const top = topOf(directory);
  if (top === undefined) return undefined;
  const inside = /^apps\/([^/]+)/.exec(relative(top, directory))?.[1];
  if (inside !== undefined) return inside;
  const [only, ...others] = directoriesIn(join(top, 'apps'));
  return others.length === 0 ? only : undefined;
}

/** Returns the top directory of the working copy around a directory. */
function topOf(directory: string): string | undefined {
  for (let above = directory; ; above = dirname(above)) {
    if (existsSync(join(above, '.git'))) return above;
    if (above === dirname(above)) return undefined;
  }
}

function directoriesIn(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map(({ name }) => name);
  } catch {
    return [];
  }
}
