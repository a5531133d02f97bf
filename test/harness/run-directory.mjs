import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** The variable with the directory in which the suites of a run share expensive files. It is removed after the run. */
export const RUN_DIRECTORY = 'STAGEGATE_TEST_RUN';

/** Linux's file system in memory. */
const MEMORY = '/dev/shm';
/** Five times what a whole run of `npm test` had there at any time. */
const LEAST_FREE_BYTES = 1024 ** 3;
/** Short, because messages that tests compare name files there, and are cut. */
const PREFIX = 'stagegate-';

/**
 * Makes a directory for temporary files of the suites and their programs, and the run's own in it. It is in memory if
 * there is room, because suites make and remove very many small files. Jest calls this for each project
 * before the suites, and workers inherit the variables.
 */
export default function makeRunDirectory() {
  if (process.env[RUN_DIRECTORY]) return;
  const directory = makeIn(MEMORY) ?? makeIn(tmpdir());
  process.env.TMPDIR = directory;
  process.env[RUN_DIRECTORY] = join(directory, 'run');
  mkdirSync(process.env[RUN_DIRECTORY]);
  // Memory is not left to a run that somebody ends early.
  process.once('exit', removeRunDirectory);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1));
}

/** Makes a directory there. Returns undefined if there is no memory, little room, or programs may not start from there. */
function makeIn(place) {
  if (place === MEMORY && !hasRoom()) return undefined;
  removeAbandoned(place);
  const directory = mkdtempSync(join(place, `${PREFIX}${process.pid}-`));
  if (place !== MEMORY || canStartPrograms(directory)) return directory;
  rmSync(directory, { recursive: true });
  return undefined;
}

function hasRoom() {
  try {
    const { bavail, bsize } = statfsSync(MEMORY);
    return Math.min(bavail * bsize, process.availableMemory()) >= LEAST_FREE_BYTES;
  } catch (error) {
    if (error.code === 'ENOENT') return false;
    throw error;
  }
}

function canStartPrograms(directory) {
  const program = join(directory, 'program');
  writeFileSync(program, '#!/bin/sh\n', { mode: 0o755 });
  return spawnSync(program).status === 0;
}

/** Removes the directories of runs that were killed. */
function removeAbandoned(place) {
  for (const name of readdirSync(place)) {
    const [, owner] = new RegExp(`^${PREFIX}(\\d+)-`).exec(name) ?? [];
    if (owner && !isRunning(Number(owner))) remove(join(place, name));
  }
}

function isRunning(id) {
  try {
    return process.kill(id, 0);
  } catch (error) {
    if (error.code === 'ESRCH') return false;
    return true;
  }
}

/** Removes the run's directory. */
export function removeRunDirectory() {
  const directory = process.env[RUN_DIRECTORY];
  if (directory) remove(dirname(directory));
}

function remove(directory) {
  // A program that a suite has just killed may still write for a moment.
  rmSync(directory, { recursive: true, force: true, maxRetries: 10 });
}
