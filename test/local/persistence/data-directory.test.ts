import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { openDataDirectory } from '../../../local/persistence/data-directory.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

const module = fileURLToPath(new URL('../../../local/persistence/data-directory.ts', import.meta.url));

describe('the data directory', () => {
  test('a second local cloud on the same directory is refused', () => {
    const path = temporaryDirectory();
    const first = openDataDirectory(path);
    expect(() => openDataDirectory(path)).toThrow(`data directory ${path} is in use by another local cloud`);
    first.release();
    openDataDirectory(path).release();
  });

  test('a process that was killed leaves no lock behind', async () => {
    const path = temporaryDirectory();
    const script = `import { openDataDirectory } from ${JSON.stringify(module)}; openDataDirectory(${JSON.stringify(path)}); console.log('held'); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    expect(() => openDataDirectory(path)).toThrow('in use');
    child.kill('SIGKILL');
    await once(child, 'exit');
    openDataDirectory(path).release();
  });

  test('without --data a temporary directory is used and deleted', () => {
    const directory = openDataDirectory(undefined);
    expect(existsSync(directory.path)).toBe(true);
    directory.release();
    expect(existsSync(directory.path)).toBe(false);
  });
});
