import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Command } from './command.ts';

/** The commands that a new user types. */

const root = join(import.meta.dirname, '..', '..');
let directory: string;
const commands: Command[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'stagegate-commands-'));
});
afterEach(async () => {
  for (const command of commands.splice(0)) await command.kill();
  rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
});

function run(...args: string[]): Command {
  const command = new Command(directory, args);
  commands.push(command);
  return command;
}

/** Runs the common entry point of the commands, with only these programs on the PATH. */
function launch(programs: Readonly<Record<string, string>>) {
  const path = join(directory, 'bin');
  mkdirSync(path);
  for (const [name, output] of Object.entries(programs)) {
    writeFileSync(join(path, name), `#!/bin/sh\necho '${output}'\n`);
    chmodSync(join(path, name), 0o755);
  }
  const args = ['scripts/run.mjs', '--needs', 'git,java,engine', 'local/main.ts', '--bogus'];
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8', env: { PATH: path } });
  return { status, lines: stderr.trim().split('\n') };
}

describe('a missing prerequisite', () => {
  test('is named in one line each, and nothing is installed or started', () => {
    expect(launch({})).toEqual({
      status: 1,
      // Terraform is not a prerequisite, because it is downloaded.
      lines: ['git', 'java'].map((name) => expect.stringMatching(`^stagegate: missing prerequisite ${name}: install `)),
    });
  });

  test('a Java that is too old is a missing one', () => {
    const { status, lines } = launch({
      git: 'git version 2.44',
      java: 'openjdk version "11.0.2"',
      terraform: 'Terraform v1.14.0',
    });
    expect({ status, lines }).toEqual({
      status: 1,
      lines: [expect.stringContaining('java: install Java 17 or newer')],
    });
  });

  test('OpenTofu does instead of Terraform', () => {
    const { lines } = launch({ git: 'git version 2.44', java: 'openjdk version "21.0.1"', tofu: 'OpenTofu v1.11.0' });
    expect(lines.join('\n')).not.toContain('missing prerequisite');
  });
});

describe('the demo', () => {
  test.each([
    ['while the app is synthesized', /Synthesize/, undefined],
    ['while a release is deployed', /release 1 {2}planning/, '/local/board/'],
  ])('ended by Ctrl-C %s, it leaves no process and no file behind', async (_, moment, board) => {
    const demo = run('local/demo/main.ts');
    await demo.prints(moment);
    // The first address that it prints opens the board.
    const [first] = /http:\S+/.exec(demo.stderr) ?? [];
    expect(first && (await fetch(first, { redirect: 'manual' })).headers.get('location')).toBe(board);
    demo.send('SIGINT');
    expect(await demo.end()).toBe(130);
    await demo.leavesNoProcess();
    expect(readdirSync(directory)).toEqual([]);
  });

  test('with an option it does not know, it says so in one line', async () => {
    const demo = run('local/demo/main.ts', '--jsn');
    expect(await demo.end()).toBe(2);
    expect(demo.stderr).toMatch(
      /^stagegate: Unknown option '--jsn'.*\nusage: npm run demo -- \[--json\] \[--verbose\]\n$/,
    );
  });
});

describe('the rehearsal of a restore', () => {
  test('goes as docs/restoring.md says, and leaves no process and no file behind', async () => {
    const rehearsal = run('scripts/restore/rehearse.ts', '--json');
    expect([await rehearsal.end(), rehearsal.stderr]).toEqual([
      0,
      expect.stringContaining('Nothing was applied twice.'),
    ]);
    expect(JSON.parse(rehearsal.stdout)).toMatchObject({
      appliedSince: { status: 'failed', applied: 'yes' },
      checks: [1, 0, 0],
      last: { dev1: 'succeeded', stage1: 'succeeded' },
    });
    await rehearsal.leavesNoProcess();
    expect(readdirSync(directory)).toEqual([]);
  });

  test('with an option it does not know, it says so in one line', async () => {
    const rehearsal = run('scripts/restore/rehearse.ts', '--jsn');
    expect(await rehearsal.end()).toBe(2);
    expect(rehearsal.stderr).toMatch(/^rehearse:restore: .*--jsn/);
  });
});
