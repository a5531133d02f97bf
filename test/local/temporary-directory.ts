import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';

const directories: string[] = [];

/** Makes a directory that is deleted after the tests of the importing file. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'stagegate-test-'));
  directories.push(directory);
  return directory;
}

afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});
