import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { temporaryDirectory } from '../local/temporary-directory.ts';

const lockModule = pathToFileURL(join(import.meta.dirname, '..', '..', 'scripts', 'install-lock.mjs')).href;

/** Says when it installs, which it does until it may finish; a slow one also when it removes a file, before which it waits. */
const COMMAND = `
  import fs from 'node:fs';
  import { syncBuiltinESMExports } from 'node:module';
  import { join } from 'node:path';
  const [folder, isSlow] = process.argv.slice(1);
  const { rmSync } = fs;
  const say = (word) => fs.writeSync(1, word + '\\n');
  const wait = (name) => {
    while (!fs.existsSync(join(folder, name))) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
  };
  if (isSlow) {
    fs.rmSync = (...given) => {
      say('removing');
      wait('go');
      rmSync(...given);
    };
    syncBuiltinESMExports();
  }
  const { withInstallLock } = await import(${JSON.stringify(lockModule)});
  withInstallLock(join(folder, 'lock'), () => {
    const busy = join(folder, 'busy');
    const isAlone = !fs.existsSync(busy);
    if (isAlone) fs.writeFileSync(busy, '');
    say(isAlone ? 'installing' : 'installing beside another');
    wait('finish');
    if (isAlone) rmSync(busy);
  });`;

interface Command {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  /** Both outputs. */
  told: string;
}

let folder: string;
let commands: Command[];
beforeEach(() => {
  folder = temporaryDirectory();
  commands = [];
});
afterEach(() => {
  for (const { child } of commands) child.kill('SIGKILL');
});

function start(...options: string[]): Command {
  const args = ['--input-type=module', '--eval', COMMAND, folder, ...options];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const command = { child, told: '' };
  for (const output of [child.stdout, child.stderr])
    output.on('data', (chunk) => {
      command.told += chunk;
    });
  commands.push(command);
  return command;
}

async function until(command: Command, isTrue: (told: string) => boolean): Promise<void> {
  const ended = once(command.child, 'close').then(() => {
    throw new Error(`the command ended: ${command.told}`);
  });
  ended.catch(() => undefined);
  while (!isTrue(command.told))
    await Promise.race([ended, once(command.child.stdout, 'data'), once(command.child.stderr, 'data')]);
}

const allow = (name: string) => writeFileSync(join(folder, name), '');

test('of two commands that find what a killed one left, one installs, however slow the other is', async () => {
  const killed = start();
  await until(killed, (told) => told.includes('installing'));
  const closed = once(killed.child, 'close');
  killed.child.kill('SIGKILL');
  await closed;
  rmSync(join(folder, 'busy'));

  const slow = start('slow');
  await until(slow, (told) => told !== '');
  const other = start();
  await until(other, (told) => told !== '');
  allow('go');
  await until(slow, (told) => told.includes('installing'));
  const bothClosed = [slow, other].map(({ child }) => once(child, 'close'));
  allow('finish');
  expect(await Promise.all(bothClosed)).toEqual([
    [0, null],
    [0, null],
  ]);
  expect(slow.told + other.told).not.toContain('beside another');
});

test('commands that begin at once install one after the other', async () => {
  allow('finish');
  const all = Array.from({ length: 6 }, () => start());
  await Promise.all(all.map(({ child }) => once(child, 'close')));
  for (const { told } of all) expect(told.split('\n')).toContain('installing');
  expect(all.map(({ told }) => told).join('')).not.toContain('beside another');
});
