import { spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { findChromium } from '../../scripts/chromium.mjs';
import { temporaryDirectory } from '../local/temporary-directory.ts';

const root = join(import.meta.dirname, '..', '..');

/** A machine with nothing on its PATH but what a test puts there. */
let bin: string;
beforeEach(() => {
  bin = temporaryDirectory();
});

const program = (name: string, script: string): void => {
  writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(bin, name), 0o755);
};

/** What `scripts/run.mjs` says when something is missing; it then runs and installs nothing. */
function missing(...needs: string[]): string[] {
  const args = [join(root, 'scripts', 'run.mjs'), '--needs', needs.join(','), 'nothing.ts'];
  const { status, stderr } = spawnSync(process.execPath, args, { env: { PATH: bin }, encoding: 'utf8' });
  expect(status).toBe(1);
  return stderr.trimEnd().split('\n');
}

describe('a command of this repository', () => {
  test('names each missing prerequisite in one line, and how to get it', () => {
    expect(missing('git', 'chromium')).toEqual([
      'stagegate: missing prerequisite git: install git (https://git-scm.com/downloads)',
      'stagegate: missing prerequisite chromium: install Chromium or Google Chrome, or name its executable in STAGEGATE_CHROMIUM; the tests read the approval page in it',
    ]);
  });

  test('takes a program for missing that is too old', () => {
    program('java', 'echo \'openjdk version "11.0.2"\' >&2');
    expect(missing('java')).toEqual([expect.stringContaining('missing prerequisite java: install Java 17 or newer')]);
  });

  test('gets what is a package of Debian, as root on Debian, and only there', () => {
    const isRoot = process.getuid?.() === 0;
    const browser = join(bin, 'chromium');
    program('apt-get', `echo "$@" >> ${join(bin, 'calls')}; case "$*" in *install*) : > ${browser};; esac`);
    const lines = missing('git', 'chromium');
    expect(lines.filter((line) => line.includes('missing prerequisite chromium'))).toHaveLength(isRoot ? 0 : 1);
    expect(lines.includes('stagegate: installing chromium, fonts-liberation (apt-get install) …')).toBe(isRoot);
    expect(lines.at(-1)).toMatch(isRoot ? /prerequisite git/ : /prerequisite chromium/);
  });

  test('takes the Java that this release of Debian has and that is new enough', () => {
    const isRoot = process.getuid?.() === 0;
    program('apt-get', '');
    program('apt-cache', 'for v in 8 11 25 21; do echo "openjdk-$v-jre-headless - OpenJDK Java runtime"; done');
    const hint = `${isRoot ? '' : 'sudo '}apt-get install openjdk-21-jre-headless`;
    expect(missing('java')).toEqual([
      ...(isRoot ? ['stagegate: installing openjdk-21-jre-headless (apt-get install) …'] : []),
      `stagegate: missing prerequisite java: install Java 17 or newer (${hint}); DynamoDB Local needs it`,
    ]);
    program('apt-cache', 'echo openjdk-11-jre-headless');
    expect(missing('java').at(-1)).toContain('apt-get install default-jre-headless');
  });

  test('goes on with the others when one package is not to be had', () => {
    const isRoot = process.getuid?.() === 0;
    program(
      'apt-get',
      `case "$*" in *chromium*) exit 100;; *install*git*) printf '#!/bin/sh' > ${join(bin, 'git')}; /bin/chmod +x ${join(bin, 'git')};; esac`,
    );
    const lines = missing('chromium', 'git').filter((line) => line.includes('missing prerequisite'));
    expect(lines.map((line) => /prerequisite (\w+)/.exec(line)?.[1])).toEqual(
      isRoot ? ['chromium'] : ['chromium', 'git'],
    );
  });

  test.each([
    ['dnf', 'sudo dnf install git', 'sudo dnf install java-21-openjdk-headless', 'sudo dnf install chromium'],
    ['brew', 'brew install git', 'brew install --cask temurin', 'brew install --cask google-chrome'],
  ])('says what to type where there is %s', (manager, ...commands) => {
    program(manager, '');
    const isRoot = process.getuid?.() === 0;
    const lines = missing('git', 'java', 'chromium');
    expect(lines).toEqual(
      commands.map((command) => expect.stringContaining(`(${isRoot ? command.replace('sudo ', '') : command})`)),
    );
  });

  test('still names what could not be installed', () => {
    program('apt-get', '[ "$1" = --version ]');
    expect(missing('chromium').at(-1)).toContain('missing prerequisite chromium');
  });
});

describe('the browser', () => {
  const found = (environment: Readonly<Record<string, string>>) => findChromium(environment);

  test('is the one that is named, or none when there is nothing by that name', () => {
    program('chromium', '');
    program('mine', '');
    expect(found({ PATH: bin, STAGEGATE_CHROMIUM: join(bin, 'mine') })).toBe(join(bin, 'mine'));
    expect(found({ PATH: bin, STAGEGATE_CHROMIUM: join(bin, 'nobody') })).toBeUndefined();
  });

  test('is otherwise the first on the PATH, under whatever name it is packaged', () => {
    program('google-chrome', '');
    expect(found({ PATH: `${join(bin, 'nowhere')}:${bin}` })).toBe(join(bin, 'google-chrome'));
    program('chromium', '');
    expect(found({ PATH: bin })).toBe(join(bin, 'chromium'));
  });
});
