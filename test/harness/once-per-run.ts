import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { RUN_DIRECTORY } from './run-directory.mjs';

/** Returns the directory for files that the suites of this run share. */
export function runDirectory(): string {
  const directory = process.env[RUN_DIRECTORY];
  if (!directory) throw new Error(`${RUN_DIRECTORY} is not set: Jest does it before the suites`);
  return directory;
}

/** Returns the place for a directory of this name, and a function that begins a draft beside it. */
function placeOf(...name: readonly string[]): { place: string; begin: () => string } {
  const place = join(runDirectory(), ...name);
  const begin = () => {
    mkdirSync(dirname(place), { recursive: true });
    return mkdtempSync(`${place}.`);
  };
  return { place, begin };
}

/** Puts a draft in its place, unless another suite was quicker. */
function keep(draft: string, place: string): void {
  try {
    renameSync(draft, place);
  } catch (error) {
    if (!existsSync(place)) throw error;
    rmSync(draft, { recursive: true });
  }
}

/**
 * Returns the directory that `fill` makes from this input. The first suite of a run that needs it makes it; suites only
 * read it. Two suites at the same time may both make it, and then one whole directory is kept.
 */
export function oncePerRun<Input>(name: string, input: Input, fill: (directory: string, input: Input) => void): string {
  const { place, begin } = placeOf(name, createHash('sha256').update(JSON.stringify(input)).digest('hex'));
  if (existsSync(place)) return place;
  const draft = begin();
  fill(draft, input);
  keep(draft, place);
  return place;
}

/** Does the same asynchronously, for a directory that takes a while to make and depends on the sources only. */
export async function oncePerRunAsync(name: string, fill: (directory: string) => Promise<unknown>): Promise<string> {
  const { place, begin } = placeOf(name);
  if (existsSync(place)) return place;
  const draft = begin();
  await fill(draft);
  keep(draft, place);
  return place;
}
