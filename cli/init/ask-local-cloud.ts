import { type Connection, isLocal } from '../connection/connection.ts';
import { CommandError } from '../output/command-error.ts';
import { LOCAL_EXAMPLE_PATH, type LocalExample, LocalExampleSchema } from './local-example.ts';
import type { WorkingRepository } from './repository.ts';

/** Returns what a local cloud offers to whoever registers an application; undefined on AWS. */
export async function askLocalCloud({ url }: Connection): Promise<LocalExample | undefined> {
  if (!isLocal(new URL(url))) return undefined;
  try {
    const response = await fetch(`${url.replace(/\/$/, '')}${LOCAL_EXAMPLE_PATH}`);
    return LocalExampleSchema.safeParse(await response.json()).data;
  } catch {
    // The next call of the API says why nothing answers.
    return undefined;
  }
}

/**
 * Throws CommandError if the working copy is a clone of a directory on this machine, and the local cloud serves another
 * one: it would deploy from there.
 */
export function requireServed({ directory: served }: LocalExample, { url, directory }: WorkingRepository): void {
  if (url !== undefined || directory === undefined || served === directory) return;
  const instead = served === null ? 'no config repository' : served;
  throw new CommandError('usage', `the local cloud serves ${instead}, and this is a working copy of ${directory}`, {
    nextStep: `Start it with: npm start -- --config-repo ${directory}`,
  });
}
