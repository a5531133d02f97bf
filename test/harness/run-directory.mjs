import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The variable with the directory in which the suites of a run share expensive files. It is removed after the run. */
export const RUN_DIRECTORY = 'STAGEGATE_TEST_RUN';

/** Makes the run's directory. Jest calls this for each project before the suites, and workers inherit the variable. */
export default function makeRunDirectory() {
  process.env[RUN_DIRECTORY] ??= mkdtempSync(join(tmpdir(), 'stagegate-test-run-'));
}

export function removeRunDirectory() {
  const directory = process.env[RUN_DIRECTORY];
  // A program that a suite has just killed may still write for a moment.
  if (directory) rmSync(directory, { recursive: true, force: true, maxRetries: 10 });
}
