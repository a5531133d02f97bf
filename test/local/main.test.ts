import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { firstCommands } from '../../local/first-commands.ts';
import { readOptions, USAGE } from '../../local/options.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const main = join(import.meta.dirname, '..', '..', 'local', 'main.ts');

describe('the command of the local cloud', () => {
  const base = temporaryDirectory();
  const at = (name: string) => join(base, name);
  beforeAll(() => {
    writeFileSync(at('file'), '');
    for (const name of ['empty', 'repository/inside', 'broken/.git']) mkdirSync(at(name), { recursive: true });
    for (const args of [
      ['init', at('repository')],
      ['init', '--bare', at('bare')],
    ])
      execFileSync('git', [...args, '--quiet']);
  });

  test.each([
    [['--bogus'], "Unknown option '--bogus'"],
    [['--port', 'x'], '--port x is not a number from 0 to 65535'],
    [['--port', '70000'], '--port 70000 is not a number from 0 to 65535'],
    [['--port', '-1'], "'--port' argument is ambiguous"],
    [['--port', ''], '--port  is not a number'],
    [['--port', '0x10'], '--port 0x10 is not a number'],
    [['--config-repo', '/no/such/directory'], '--config-repo /no/such/directory does not exist'],
    [['--config-repo', at('file')], `--config-repo ${at('file')} is a file, not a directory`],
    [['--config-repo', at('empty')], `--config-repo ${at('empty')} is not a git repository; run "git init"`],
    [['--config-repo', at('broken')], `--config-repo ${at('broken')} is not a git repository`],
    [
      ['--config-repo', at('repository/inside')],
      `--config-repo ${at('repository/inside')} is inside of the git repository ${at('repository')}, not a repository of its own`,
    ],
    [['--data', at('file')], `--data ${at('file')} is a file, not a directory`],
    [['--assembly', '/no/such/directory'], '--assembly /no/such/directory does not exist'],
    [['--assembly', at('file')], `--assembly ${at('file')} is a file, not a directory`],
    [['--target-endpoint', 'nowhere'], '--target-endpoint nowhere is not a URL'],
  ])('%s is refused with a clear message', (args, message) => {
    expect(() => readOptions(args)).toThrow(message);
  });

  test('repositories are taken, with a working tree and bare, and a data directory that is to be made', () => {
    for (const name of ['repository', 'bare'])
      expect(readOptions(['--config-repo', at(name)])['config-repo']).toBe(at(name));
    expect(readOptions(['--data', at('new'), '--port', '0'])).toMatchObject({ data: at('new'), port: 0 });
    expect(readOptions([])).toMatchObject({ port: 4700, help: false });
  });

  test('a mistake ends it with the message and how it is used, before anything is started', () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, '--port', 'x'], { encoding: 'utf8' });
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toBe(`stagegate: --port x is not a number from 0 to 65535\n${USAGE}\n`);
  });

  test('it tells how it is used', () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, '--help'], { encoding: 'utf8' });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: `${USAGE}\n`, stderr: '' });
  });

  test('what to type next names the file that npm packs, and the address if it is not the usual one', () => {
    mkdirSync(at('cli'));
    writeFileSync(at('cli/package.json'), JSON.stringify({ name: '@acme/line', version: '1.2.3' }));
    const usual = firstCommands('http://127.0.0.1:4700', base).join('\n');
    expect(usual).toContain(`cd ${base} && npm pack -w cli && npm install --global ./acme-line-1.2.3.tgz`);
    expect(usual).toMatch(/ stagegate init$/m);
    expect(firstCommands('http://127.0.0.1:5000', base).join('\n')).toMatch(
      / stagegate init --endpoint http:\/\/127\.0\.0\.1:5000$/m,
    );
  });
});
