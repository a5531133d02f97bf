import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Names the directory in which suites of one run keep what is costly to make; none outlives its run. */
export const RUN_DIRECTORY = 'STAGEGATE_TEST_RUN';

/** Jest calls it for each project before the suites; its workers inherit the variable. */
export default function makeRunDirectory() {
  process.env[RUN_DIRECTORY] ??= mkdtempSync(join(tmpdir(), 'stagegate-test-run-'));
}

export function removeRunDirectory() {
  const directory = process.env[RUN_DIRECTORY];
  // A program that a suite has just killed may write for a moment yet.
  if (directory) rmSync(directory, { recursive: true, force: true, maxRetries: 10 });
}
