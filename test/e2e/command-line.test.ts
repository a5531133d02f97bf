import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { buildsOutsideOfJest } from '../harness/outside-of-jest.ts';
import { Command } from './command.ts';
import { TestApplication, TestCloud } from './test-cloud.ts';

/** The package as people install it, without a network, in front of the local cloud over real HTTP. */

const root = join(import.meta.dirname, '..', '..');
const STAFF = 'staff@local';
const CLIENT = 'client@local';
let directory: string;
let prefix: string;
let cloud: TestCloud;
const commands: Command[] = [];

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'stagegate-installed-'));
  prefix = join(directory, 'prefix');
  execFileSync('npm', ['pack', '--workspace', 'cli', '--pack-destination', directory], { cwd: root, stdio: 'pipe' });
  const [tarball = ''] = readdirSync(directory).filter((name) => name.endsWith('.tgz'));
  const install = ['install', '--offline', '--no-audit', '--no-fund', '--global', '--prefix', prefix];
  // An empty cache: whatever the package needs has to be in it.
  const cache = join(directory, 'npm-cache');
  execFileSync('npm', [...install, join(directory, tarball)], {
    cwd: directory,
    stdio: 'pipe',
    env: { ...process.env, npm_config_cache: cache },
  });
  cloud = await TestCloud.start({
    engine: 'opentofu',
    files: { 'README.md': 'config' },
    buildStandIn: await buildsOutsideOfJest(),
  });
});
afterEach(async () => {
  for (const command of commands.splice(0)) await command.kill();
});
afterAll(async () => {
  await cloud?.stop();
  rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
});

const environment = () => ({
  PATH: [join(prefix, 'bin'), process.env.PATH].join(delimiter),
  HOME: directory,
  STAGEGATE_ENDPOINT: cloud.url,
});

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command from the PATH, without a terminal. */
function stagegate(...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile('stagegate', args, { cwd: directory, env: environment() }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });
}

/** Starts the installed file in a process that can be watched and interrupted. */
function start(...args: string[]): Command {
  const command = new Command(directory, [join(prefix, 'bin', 'stagegate'), ...args], environment());
  commands.push(command);
  return command;
}

async function register(name: string): Promise<TestApplication> {
  const app = new TestApplication(cloud, name);
  await app.register();
  for (const [email, gate, principal] of [
    ['staff@example.com', 'staff', STAFF],
    ['client@example.com', 'client', CLIENT],
  ] as const) {
    await app.approver(email, gate);
    await cloud.expect(200, 'PUT', `${app.path}/approvers/${email}`, { gates: [gate], principals: [principal] });
  }
  return app;
}

test('the package has one file of code, and needs no other package', () => {
  const installed = join(prefix, 'lib', 'node_modules', '@stagegate', 'stagegate');
  expect(readdirSync(installed).sort()).toEqual(['LICENSE', 'README.md', 'dist', 'package.json']);
  expect(readdirSync(join(installed, 'dist'))).toEqual(['stagegate.js']);
  expect(statSync(join(installed, 'dist', 'stagegate.js')).size).toBeLessThan(2_000_000);
  const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
  expect(manifest).not.toHaveProperty('dependencies');
});

test('it says its version and its commands', async () => {
  expect(await stagegate('--version')).toEqual({ code: 0, stdout: '0.1.0\n', stderr: '' });
  expect((await stagegate('--help')).stdout).toContain('stagegate promote <environment>');
  const script = (await stagegate('completion')).stdout;
  const check = spawnSync('bash', ['-n'], { input: script });
  expect(check.status).toBe(0);
});

describe('a release', () => {
  test('is watched and approved to production, and its outputs are variables of a shell', async () => {
    const app = await register('typed');
    const watch = start('watch', '--app', 'typed');
    await app.release('one');
    await watch.prints(/stage1: release 1 waits for staff \(0 of 1\)/);
    const approved = await stagegate('approve', 'stage1', '--app', 'typed', '--as', STAFF);
    expect([approved.code, approved.stdout]).toEqual([
      0,
      expect.stringMatching(/^Approved for staff\. stage1: release 1/),
    ]);
    expect(await watch.end()).toBe(0);
    expect(watch.stdout).toMatch(/dev1: release 1 succeeded/);
    expect(watch.stderr).toContain('Next: `stagegate promote prod1`.');

    const unasked = await stagegate('promote', 'prod1', '--app', 'typed');
    expect([unasked.code, unasked.stdout]).toEqual([7, '']);
    expect(await app.deployments('prod1')).toEqual([]);
    const promoted = start('promote', 'prod1', '--app', 'typed', '--yes', '--watch', '--json');
    await promoted.prints(/"waitsFor":\["staff"\]/);
    // Two at once: the decision counts once, and neither fails in a way that nobody can read.
    const approveAsStaff = () =>
      stagegate('approve', 'prod1', '--gate', 'staff', '--app', 'typed', '--yes', '--as', STAFF);
    const twice = await Promise.all([approveAsStaff(), approveAsStaff()]);
    const codes = twice.map(({ code }) => code);
    expect(codes).toContain(0);
    expect(codes.filter((code) => code !== 0 && code !== 3)).toEqual([]);
    await promoted.prints(/"waitsFor":\["client"\]/);
    // Without --gate it is the gate that is open now, at which this person may not decide.
    const elsewhere = await stagegate('approve', 'prod1', '--app', 'typed', '--yes', '--as', STAFF);
    expect([elsewhere.code, elsewhere.stderr]).toEqual([
      8,
      expect.stringMatching(/gate client[\s\S]*not an approver/i),
    ]);
    expect((await stagegate('approve', 'prod1', '--app', 'typed', '--yes', '--as', CLIENT)).code).toBe(0);
    expect(await promoted.end()).toBe(0);

    const { stdout } = await stagegate('status', 'typed');
    expect(stdout).toMatch(/prod1 +production +release 1, \d+ s ago +-/);
    const outputs = await stagegate('outputs', 'prod1', '--app', 'typed', '--env');
    expect(outputs.code).toBe(0);
    expect(spawnSync('sh', ['-e'], { input: outputs.stdout }).status).toBe(0);
  });

  test('goes on when its watch is ended by Ctrl-C', async () => {
    const app = await register('interrupted');
    await app.release('one');
    await app.waits('stage1', 1, 'staff');
    const watch = start('watch', 'stage1', '--app', 'interrupted');
    await watch.prints(/waits for staff/);
    watch.send('SIGINT');
    expect([await watch.end(), watch.stderr.includes('Error')]).toEqual([130, false]);
    expect(await app.waits('stage1', 1, 'staff')).toMatchObject({ status: 'awaiting_approval' });
    const rejected = await stagegate('reject', 'stage1', '--app', 'interrupted', '--as', STAFF, '--comment', 'not now');
    expect(rejected.code).toBe(0);
    const ended = await stagegate('watch', 'stage1', '--app', 'interrupted');
    expect([ended.code, ended.stdout]).toEqual([
      6,
      expect.stringContaining('was rejected: rejected by staff@example.com at the staff gate: not now'),
    ]);
  });

  test('of a commit that two make at once is told to both', async () => {
    const app = await register('raced');
    app.push('one');
    const copy = join(directory, 'copy');
    mkdirSync(copy);
    execFileSync('git', ['clone', '--quiet', cloud.repository.directory, copy]);
    await app.reaches('dev1', 1, 'succeeded');
    const release = () =>
      new Promise<string>((resolve) => {
        const args = ['release', '--app', 'raced'];
        execFile('stagegate', args, { cwd: copy, env: environment() }, (_error, stdout) => resolve(stdout));
      });
    const said = await Promise.all([release(), release()]);
    for (const text of said) expect(text).toContain('is release 1 of raced already');
  });
});

test('wrong input, and an address at which nothing is, have exit codes of their own', async () => {
  expect((await stagegate('promote')).code).toBe(2);
  expect((await stagegate('status', 'nobody')).code).toBe(4);
  const unreachable = await stagegate('status', '--endpoint', 'http://127.0.0.1:2');
  expect([unreachable.code, unreachable.stderr]).toEqual([5, expect.stringContaining('does not answer')]);
});
