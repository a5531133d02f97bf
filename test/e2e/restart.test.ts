import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { freePort } from '../harness/free-port.ts';
import { Command } from './command.ts';
import { GitRepository } from './git-repository.ts';
import { STAFF, synthesizedOnce, TestApplication, TestCloud } from './test-cloud.ts';

/** The local cloud as people run it: a process that is killed and started again on the same `--data`. */

let directory: string;
let repository: GitRepository;
let port: number;
const commands: Command[] = [];
let isSynthesized = false;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'stagegate-restart-'));
  repository = new GitRepository({ 'README.md': 'config' });
  port = await freePort();
});
afterEach(async () => {
  for (const command of commands.splice(0)) await command.kill();
  repository.remove();
  rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
});

/**
 * Starts the local cloud. The first start synthesizes, as for a user; later ones use the template of the end-to-end
 * suites.
 */
function run(): Command {
  const data = join(directory, 'data');
  const args = ['local/main.ts', '--port', String(port), '--config-repo', repository.directory, '--data', data];
  const command = new Command(directory, [...args, ...(isSynthesized ? ['--assembly', synthesizedOnce()] : [])]);
  isSynthesized = true;
  commands.push(command);
  return command;
}

async function start(): Promise<Command> {
  const command = run();
  await command.prints(/REST API/);
  return command;
}

describe('a local cloud that was killed while a deployment waits for approval', () => {
  test('goes on where it was: the old link works, and a commit made meanwhile becomes a push', async () => {
    const first = await start();
    const [, board = ''] = await first.prints(/Board +(http\S+)/);
    expect((await fetch(board, { redirect: 'manual' })).headers.get('location')).toBe('/local/board/');
    const cloud = TestCloud.at(`http://127.0.0.1:${port}`, repository);
    const app = new TestApplication(cloud);
    await app.register();
    const other = new TestApplication(cloud, 'other');
    await other.register();
    app.push('one');
    const link = await app.link(STAFF, 'stage1', 1);
    const { id } = await app.waits('stage1', 1, 'staff');
    const before = await app.environment('dev1');

    const second = run();
    expect(await second.end()).toBe(1);
    expect(second.stderr).toContain('is in use by another local cloud: stop that one, or give another --data');

    first.send('SIGKILL');
    await first.end();
    const commit = other.push('made while nobody watched');

    const third = await start();
    expect(await app.environment('dev1')).toEqual(before);
    expect(await app.reaches('stage1', 1, 'awaiting_approval')).toMatchObject({ id });
    expect(await other.reaches('dev1', 1, 'succeeded')).toMatchObject({ commit });
    expect((await cloud.decide(link, { decision: 'approve', comment: 'after the kill' })).status).toBe(200);
    const { gates } = await app.reaches('stage1', 1, 'succeeded');
    expect(gates).toMatchObject([{ approvals: [{ by: STAFF, via: 'link', comment: 'after the kill' }] }]);

    third.send('SIGINT');
    expect(await third.end()).toBe(0);
    await third.leavesNoProcess();
  });

  test('stopped in the middle of an apply, it leaves no process behind, and the environment is free again', async () => {
    const first = await start();
    const [, board = ''] = await first.prints(/Board +(http\S+)/);
    expect((await fetch(board, { redirect: 'manual' })).headers.get('location')).toBe('/local/board/');
    const cloud = TestCloud.at(`http://127.0.0.1:${port}`, repository);
    const app = new TestApplication(cloud);
    await app.register();
    const slow =
      'resource "terraform_data" "slow" {\n  provisioner "local-exec" {\n    command = "sleep 300"\n  }\n}\n';
    app.push('one', { 'apps/my-app/dev1/slow.tf': slow });
    await app.reaches('dev1', 1, 'applying');
    await cloud.poll(
      'the slow resource',
      async () => first.processes().some((line) => line.includes('sleep 300')) || undefined,
    );

    first.send('SIGINT');
    expect(await first.end()).toBe(0);
    await first.leavesNoProcess();

    await start();
    const { id } = await app.reaches('dev1', 1, 'failed');
    const path = `${app.path}/environments/dev1/deployments/${id}`;
    expect(await cloud.expect(200, 'GET', path)).toMatchObject({ applied: expect.stringMatching(/partly|unknown/) });
    app.push('two', { 'apps/my-app/dev1/slow.tf': null });
    await app.reaches('dev1', 2, 'succeeded');
  });
});
