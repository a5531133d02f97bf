import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { registrationOf } from '../../../local/demo/registration.ts';
import { CommandLineWorld } from '../command-line-world.ts';

let world: CommandLineWorld;
let directory: string;

beforeEach(async () => {
  world = await CommandLineWorld.create();
  directory = realpathSync(mkdtempSync(join(tmpdir(), 'init-')));
  mkdirSync(join(directory, 'team'));
  git('team', 'init', '--quiet', '--initial-branch=trunk');
  for (const name of ['dev1', 'stage1', 'prod1']) write(`apps/shop/${name}/main.tf`);
  git('team', 'add', '--all');
  git('team', 'commit', '--quiet', '-m', 'first');
  execFileSync('git', ['clone', '--quiet', join(directory, 'team'), join(directory, 'clone')]);
  world.directory = join(directory, 'clone', 'apps');
});
afterEach(async () => {
  rmSync(directory, { recursive: true, force: true });
  await world.stop();
});

function git(where: string, ...args: string[]): string {
  const who = ['-c', 'user.name=dev', '-c', 'user.email=dev@example.com', '-c', 'commit.gpgsign=false'];
  return execFileSync('git', [...who, ...args], { cwd: join(directory, where), encoding: 'utf8' });
}

function write(path: string): void {
  mkdirSync(dirname(join(directory, 'team', path)), { recursive: true });
  writeFileSync(join(directory, 'team', path), '');
}

/** Lets the next command find a local cloud that serves a directory. */
const offers = (served: string | null) =>
  world.served.instead.push({
    status: 200,
    body: JSON.stringify({ ...registrationOf('terraform'), directory: served }),
  });

const ON_AWS =
  '--url https://github.com/acme/config.git --account 111111111111 --account-region eu-west-1 --staff ops@example.com';

test('in a clone of what the local cloud serves it needs nothing, and makes the first release', async () => {
  offers(join(directory, 'team'));
  const first = await world.run('init');
  expect(first).toMatchObject({ code: 0, stdout: expect.stringContaining('shop is registered.\nRelease 1 is made') });
  expect(first.stderr.match(/^PUT .*$/gm)).toHaveLength(6);
  const { body } = await world.api.get('/applications/shop');
  expect(body).toMatchObject({
    configRepository: {
      url: 'https://git.example.com/acme-config.git',
      branch: 'trunk',
      provider: 'github-enterprise',
    },
    pipeline: ['dev1', 'stage1', 'prod1'],
  });
  const release = await world.api.get('/applications/shop/releases/1');
  expect(release.body.commit).toBe(git('team', 'rev-parse', 'HEAD').trim());

  const before = world.served.requests.length;
  offers(join(directory, 'team'));
  expect(await world.run('init')).toEqual({
    code: 0,
    stdout: 'shop is registered already. Nothing was changed.\n',
    stderr: '',
  });
  expect(world.served.requests.slice(before).filter(({ method }) => method !== 'GET')).toEqual([]);
});

test('the first release is of the branch that is registered', async () => {
  git('team', 'checkout', '--quiet', '-b', 'live');
  git('team', 'commit', '--quiet', '--allow-empty', '-m', 'live');
  offers(join(directory, 'team'));
  const unknown = await world.run('init --branch live');
  expect(unknown.stderr).toContain('no release was made: this working copy knows no branch live');
  expect((await world.api.get('/applications/shop/releases')).body.items).toEqual([]);
  git('clone', 'fetch', '--quiet');
  offers(join(directory, 'team'));
  // The branch was registered by the command before.
  expect((await world.run('init')).stdout).toContain('Release 1 is made');
  const { body } = await world.api.get('/applications/shop/releases/1');
  expect(body.commit).toBe(git('team', 'rev-parse', 'live').trim());
});

test('without a remote the first release is of the branch here', async () => {
  world.directory = join(directory, 'team');
  git('team', 'checkout', '--quiet', '--detach');
  offers(realpathSync(join(directory, 'team')));
  expect((await world.run('init --branch trunk')).stdout).toContain('Release 1 is made');
  const { body } = await world.api.get('/applications/shop/releases/1');
  expect(body.commit).toBe(git('team', 'rev-parse', 'trunk').trim());
});

test.each([
  ['another directory', '/srv/other', 'serves /srv/other'],
  ['no directory', null, 'serves no config repository'],
])('a local cloud that serves %s is told', async (_, served, said) => {
  offers(served);
  const { code, stderr } = await world.run('init');
  expect(code).toBe(2);
  expect(stderr).toContain(said);
  expect(stderr).toContain(`npm start -- --config-repo ${join(directory, 'team')}`);
});

test('a dry run shows the requests and sends none', async () => {
  const { code, stdout } = await world.run(`init ${ON_AWS} --dry-run --json`);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    isSent: false,
    requests: [{ method: 'PUT', path: '/applications/shop' }, {}, {}, {}, {}],
  });
  expect(world.served.requests.every(({ method }) => method === 'GET')).toBe(true);
});

test('it adds what is missing later, and leaves what was set otherwise', async () => {
  await world.run(`init ${ON_AWS} --client-name acme`);
  const { stderr } = await world.run(
    'init --url https://github.com/acme/moved.git --account 222222222222 --account-region eu-west-1 --client owner@example.com',
  );
  expect(stderr).toContain('left as it is: configRepository.url is https://github.com/acme/config.git');
  expect(stderr).toContain('left as it is: dev1: accountId is 111111111111, not 222222222222');
  expect(stderr.match(/^PUT .*$/gm)).toEqual([expect.stringContaining('/approvers/owner@example.com')]);
});

test('an approver is left as set, however many there are', async () => {
  await world.run(`init ${ON_AWS} --client-name acme`);
  const emails = Array.from({ length: 120 }, (_, at) => `client${at}@example.com`);
  for (const email of emails) {
    const set = await world.api.put(`/applications/shop/approvers/${email}`, { gates: ['client'], principals: [] });
    expect(set.status).toBe(201);
  }
  const { stderr } = await world.run(`init ${ON_AWS} --client-name acme --client ${emails.join()}`);
  expect(stderr).toBe('');
});

test.each([
  ['init none', 2, 'apps/none/<environment>'],
  ['init', 2, 'the account of dev1 is not known'],
  ['init --account 1', 2, 'a 12-digit AWS account id'],
])('%s: exit code %d, and nothing is sent', async (line, code, said) => {
  const ended = await world.run(line);
  expect(ended.code).toBe(code);
  expect(ended.stderr).toContain(said);
  expect(world.served.requests.every(({ method }) => method === 'GET')).toBe(true);
});

test('on AWS it asks first, and prints what to deploy into each account', async () => {
  const before = { ...process.env };
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'x' });
  try {
    // The same server by an address that is not one of a local cloud.
    const elsewhere = world.served.url.replace('127.0.0.1', '[::ffff:127.0.0.1]');
    const line = `init ${ON_AWS} --endpoint ${elsewhere} --region eu-west-1`;
    expect(await world.run(line)).toMatchObject({ code: 7 });
    expect((await world.api.get('/applications/shop')).status).toBe(404);
    const { code, stdout } = await world.run(`${line} --yes`);
    expect(code).toBe(0);
    expect(stdout).toContain('--application shop --environment prod1');
    expect(stdout).not.toContain('Release');
  } finally {
    process.env = before;
  }
});
