import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { RUN_DIRECTORY } from './run-directory.mjs';

/** Where what the suites of this run share is kept. */
export function runDirectory(): string {
  const directory = process.env[RUN_DIRECTORY];
  if (!directory) throw new Error(`${RUN_DIRECTORY} is not set: Jest does it before the suites`);
  return directory;
}

/** The place for something of this name, and how to begin a draft beside it. */
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
 * The directory that `fill` makes of this input, made by the first suite of a run that asks for it. Who gets it only reads.
 * Two suites at once may both make it; one whole directory stays.
 */
export function oncePerRun<Input>(name: string, input: Input, fill: (directory: string, input: Input) => void): string {
  const { place, begin } = placeOf(name, createHash('sha256').update(JSON.stringify(input)).digest('hex'));
  if (existsSync(place)) return place;
  const draft = begin();
  fill(draft, input);
  keep(draft, place);
  return place;
}

/** The same for what takes a while and depends on nothing but the sources. */
export async function oncePerRunAsync(name: string, fill: (directory: string) => Promise<unknown>): Promise<string> {
  const { place, begin } = placeOf(name);
  if (existsSync(place)) return place;
  const draft = begin();
  await fill(draft);
  keep(draft, place);
  return place;
}
