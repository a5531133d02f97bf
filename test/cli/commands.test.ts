import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { asDotenv, asExports } from '../../cli/outputs/formats.ts';
import { APPLICATION } from '../api/pipeline-world.ts';
import { CommandLineWorld } from './command-line-world.ts';

let world: CommandLineWorld;
let directory: string;
beforeEach(async () => {
  world = await CommandLineWorld.create();
  directory = mkdtempSync(join(tmpdir(), 'stagegate-cli-'));
});
afterEach(async () => {
  rmSync(directory, { recursive: true, force: true });
  await world.stop();
});

describe('the application', () => {
  beforeEach(async () => {
    await world.api.put('/applications/other', APPLICATION);
    mkdirSync(join(directory, '.git'));
  });

  test.each([
    ['apps/other/dev1', 'other'],
    ['apps/my-app', 'my-app'],
  ])('is that of the directory %s', async (path, expected) => {
    world.directory = join(directory, path);
    expect(JSON.parse((await world.run('status --json')).stdout)).toMatchObject({ application: expected });
  });

  test('is the only one of the working copy', async () => {
    mkdirSync(join(directory, 'apps', 'other', 'dev1'), { recursive: true });
    mkdirSync(join(directory, 'modules', 'web'), { recursive: true });
    world.directory = join(directory, 'modules', 'web');
    expect(JSON.parse((await world.run('status --json')).stdout)).toMatchObject({ application: 'other' });
  });

  test('is not the name of a clone that lies in a directory `apps`', async () => {
    const clone = join(directory, 'apps', 'acme-config');
    mkdirSync(join(clone, '.git'), { recursive: true });
    mkdirSync(join(clone, 'apps', 'other', 'dev1'), { recursive: true });
    world.directory = join(clone, 'modules');
    expect(JSON.parse((await world.run('status --json')).stdout)).toMatchObject({ application: 'other' });
    world.directory = join(clone, 'apps', 'other', 'dev1');
    expect(JSON.parse((await world.run('status --json')).stdout)).toMatchObject({ application: 'other' });
  });

  test('is not looked for outside of a working copy', async () => {
    rmSync(join(directory, '.git'), { recursive: true });
    world.directory = join(directory, 'apps', 'none');
    expect((await world.run('outputs --env dev1')).stderr).toContain('there are several applications');
  });

  test('has to be named if there are several', async () => {
    const { code, stderr } = await world.run('outputs --env dev1');
    expect(code).toBe(2);
    expect(stderr).toContain('there are several applications: my-app, other');
  });
});

describe('release', () => {
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=Staff', '-c', 'user.email=staff@example.com', ...args], {
      cwd: world.directory,
      encoding: 'utf8',
      stdio: 'pipe',
    }).trim();

  beforeEach(() => {
    execFileSync('git', ['init', '--quiet', '--bare', '-b', 'main', join(directory, 'origin.git')]);
    world.directory = join(directory, 'copy');
    mkdirSync(world.directory);
    git('init', '--quiet', '-b', 'main');
    git('remote', 'add', 'origin', join(directory, 'origin.git'));
    git('commit', '--quiet', '--allow-empty', '-m', 'A change');
  });

  test('takes HEAD, if it is pushed', async () => {
    const before = await world.run('release');
    expect(before.code).toBe(2);
    expect(before.stderr).toContain('is not pushed: no branch of origin has it');
    expect(before.stderr).toContain('`git push`');
    git('push', '--quiet', 'origin', 'main');
    writeFileSync(join(world.directory, 'new'), '');
    const { code, stdout, stderr } = await world.run('release');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Release 1 of my-app \([0-9a-f]{7}\) is made and being deployed\.\n$/);
    expect(stderr).toContain('The working copy has changes that are no part of the commit.');
    expect(stderr).toContain('and the application from https://git.example.com/acme-config.git');
    const { body } = await world.api.get('/applications/my-app/releases/1');
    expect(body).toMatchObject({ commit: git('rev-parse', 'HEAD'), message: 'A change' });
  });

  test('names a remote without its credentials', async () => {
    git('push', '--quiet', 'origin', 'main');
    git('remote', 'set-url', 'origin', 'https://staff:secret@git.example.com/acme/other.git');
    const { stderr } = await world.run('release');
    expect(stderr).toContain('comes from https://git.example.com/acme/other.git, and the application from');
    expect(stderr).not.toContain('secret');
  });

  test('makes no second release of a commit, unless it is told to', async () => {
    git('push', '--quiet', 'origin', 'main');
    await world.run('release main');
    const again = await world.run('release');
    expect([again.code, again.stdout]).toEqual([0, expect.stringMatching(/is release 1 of my-app already\.\n$/)]);
    expect((await world.run('release --again')).stdout).toContain('Release 2 of my-app');
  });

  test.each([
    ['release no-such-branch', 'git rev-parse'],
    ['release --upload-pack=x', 'Unknown argument'],
    ['release -- --upload-pack=x', '"--upload-pack=x" is one argument too many'],
  ])('%s is refused', async (line, message) => {
    const { code, stderr } = await world.run(line);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
  });

  test('outside of a working copy says so', async () => {
    world.directory = directory;
    const { code, stderr } = await world.run('release');
    expect(code).toBe(2);
    expect(stderr).toContain('not a git repository');
  });
});

describe('outputs', () => {
  const output = (value: unknown, sensitive = false) => ({ value, sensitive, deploymentId: 'x' }) as never;
  const OUTPUTS = {
    'db-host': output("it's $HOME `id`"),
    list: output(['a', 1]),
    lines: output('a\n"b" \\ $c'),
    secret: output(null, true),
  };

  test('for a shell are what they are, and nothing of them runs', () => {
    const text = `${asExports(OUTPUTS)}printf '%s|%s|%s' "$db_host" "$list" "$lines"`;
    expect(execFileSync('sh', ['-c', text], { encoding: 'utf8' })).toBe('it\'s $HOME `id`|["a",1]|a\n"b" \\ $c');
    expect(text).not.toContain('secret');
  });

  test('for a .env file are one line each', () => {
    expect(asDotenv(OUTPUTS)).toBe('db_host="it\'s \\$HOME `id`"\nlist=\'["a",1]\'\nlines="a\\n\\"b\\" \\\\ \\$c"\n');
  });

  test('of an environment in which nothing was applied are none', async () => {
    const { code, stdout, stderr } = await world.run('outputs dev1 --env');
    expect([code, stdout]).toEqual([0, '']);
    expect(stderr).toContain('Nothing was applied in dev1 of my-app yet.');
  });
});

describe('ephemeral', () => {
  test('is made, listed, shown, extended, deployed and deleted', async () => {
    const made = await world.run('ephemeral create pr-7 --ref main --var count=2 --var name=a=b --ttl-hours 5');
    expect(made.stderr).toBe('');
    expect(made.stdout).toContain('var count  2');
    expect(made.stdout).toContain('name  "a=b"');
    expect((await world.run('ephemeral list')).stdout).toMatch(/my-app +pr-7/);
    expect((await world.run('ephemeral list --app my-app --json')).stdout).toContain('"name": "pr-7"');
    expect((await world.run('ephemeral show pr-7')).stdout).toContain('(in 5 h)');
    expect((await world.run('ephemeral extend pr-7 --ttl-hours 9')).stdout).toContain('(in 9 h)');
    const deleted = await world.run('ephemeral delete pr-7');
    expect([deleted.code, deleted.stdout]).toEqual([0, expect.stringMatching(/ending|ended/)]);
    expect((await world.run('ephemeral show nobody')).code).toBe(4);
    expect((await world.run('ephemeral deploy nobody')).code).toBe(4);
  });
});

describe('open', () => {
  test('opens the page on a terminal, and prints its address without one', async () => {
    const id = await world.api.release(1);
    const { stdout } = await world.run('open dev1');
    expect([stdout.trimEnd().endsWith(id), world.opened]).toEqual([true, []]);
    world.typed = [];
    expect((await world.run('open dev1')).stdout).toBe(`Opened ${stdout}`);
    world.hasBrowser = false;
    expect((await world.run('open dev1')).stdout).toBe(stdout);
    expect(world.opened).toEqual([stdout.trimEnd(), stdout.trimEnd()]);
  });
});
