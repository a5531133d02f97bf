import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';

const main = join(import.meta.dirname, '..', '..', 'local', 'main.ts');

describe('the command of the local cloud', () => {
  test.each([
    [['--bogus'], "Unknown option '--bogus'"],
    [['--port', 'x'], '--port is not a number'],
    [['--config-repo', '/no/such/directory'], '--config-repo is not a directory'],
    [['--target-endpoint', 'nowhere'], '--target-endpoint is not a URL'],
  ])('%s ends with a clear message before anything is started', (args, message) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' });
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(`stagegate: ${message}`);
    expect(stderr).toContain(
      'usage: npm start -- [--port 4700] [--config-repo DIR] [--data DIR] [--target-endpoint URL]',
    );
  });
});
