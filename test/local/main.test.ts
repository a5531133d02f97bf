import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { readOptions, USAGE } from '../../local/options.ts';

const main = join(import.meta.dirname, '..', '..', 'local', 'main.ts');

describe('the command of the local cloud', () => {
  test.each([
    [['--bogus'], "Unknown option '--bogus'"],
    [['--port', 'x'], '--port is not a number'],
    [['--config-repo', '/no/such/directory'], '--config-repo is not a directory'],
    [['--assembly', '/no/such/directory'], '--assembly is not a directory'],
    [['--target-endpoint', 'nowhere'], '--target-endpoint is not a URL'],
  ])('%s is refused with a clear message', (args, message) => {
    expect(() => readOptions(args)).toThrow(message);
  });

  test('a mistake ends it with the message and how it is used, before anything is started', () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, '--port', 'x'], { encoding: 'utf8' });
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toBe(`stagegate: --port is not a number\n${USAGE}\n`);
  });
});
