import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { anAnalysis } from '../../harness/analysis-builder.ts';
import { CommandLineWorld } from '../command-line-world.ts';

const MAIN = 'apps/my-app/stage1/main.tf';
const callOf = (ref: string) =>
  `module "web" {\n  source = "git::https://git.example.com/acme-config.git//modules/web?ref=${ref}"\n}\n`;
const netOf = (version: string) => `module "net" {\n  source  = "acme/net/aws"\n  version = "${version}"\n}\n`;

let world: CommandLineWorld;
let root: string;

beforeEach(async () => {
  world = await CommandLineWorld.create();
  root = mkdtempSync(join(tmpdir(), 'propose-'));
  world.directory = root;
  git('init', '--quiet', '--initial-branch=main');
  write('modules/web/main.tf', '# web\n');
  write(MAIN, callOf('web-v1.0.0') + netOf('1.0.0'));
  git('add', '--all');
  git('commit', '--quiet', '-m', 'first');
  for (const tag of ['web-v1.0.0', 'web-v1.1.0']) git('tag', tag);
});
afterEach(async () => {
  rmSync(root, { recursive: true, force: true });
  await world.stop();
});

function git(...args: string[]): string {
  const who = ['-c', 'user.name=dev', '-c', 'user.email=dev@example.com', '-c', 'commit.gpgsign=false'];
  return execFileSync('git', [...who, ...args], { cwd: root, encoding: 'utf8' });
}

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

const read = (): string => readFileSync(join(root, MAIN), 'utf8');

/** Lets release 1 succeed in dev1 with these modules. */
async function runs(version: string): Promise<string> {
  const { api } = world;
  const id = await api.release(1);
  const modules = [
    { call: 'module.web', source: callOf('web-v1.1.0').split('"')[3] ?? '', version: '1.1.0', arguments: [] },
    { call: 'module.net', source: 'acme/net/aws', version, arguments: [] },
  ];
  const analysis = await api.artifacts.putJson(`analysis/${id}/1.json`, anAnalysis({ modules }));
  await api.plan(id, { hasChanges: false, analysis });
  await api.end(id);
  return id;
}

test('versions that ran are written, shown as a table, and not committed', async () => {
  await runs('2.0.0');
  const { code, stdout, stderr } = await world.run('propose dev1 stage1');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout.split('\n')).toEqual([
    'CALL        PLACE                         STAGE1      DEV1        RESULT',
    `module.web  ${MAIN}:1  web-v1.0.0  web-v1.1.0  changed: ran in dev1`,
    `module.net  ${MAIN}:4  1.0.0       2.0.0       changed: ran in dev1`,
    '',
    `Written, and not committed: ${MAIN}`,
    '',
  ]);
  expect(read()).toBe(callOf('web-v1.1.0') + netOf('2.0.0'));
  expect(git('status', '--porcelain')).toBe(` M ${MAIN}\n`);
});

test('a dry run only shows, as data with --json', async () => {
  await runs('1.0.0');
  const { code, stdout } = await world.run('propose dev1 stage1 --dry-run --json');
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    from: 'dev1',
    to: 'stage1',
    proposals: [
      { call: 'module.web', file: MAIN, line: 1, verdict: 'change', now: 'web-v1.0.0', ran: 'web-v1.1.0' },
      { call: 'module.net', verdict: 'same' },
    ],
    written: [],
  });
  expect(read()).toBe(callOf('web-v1.0.0') + netOf('1.0.0'));
});

test('a plan that is not kept any more leaves versions to go by', async () => {
  const id = await runs('2.0.0');
  await world.api.artifacts.deleteForGood(`analysis/${id}/1.json`);
  expect((await world.run('propose dev1 stage1')).stdout).toContain('module.net');
});

test('a file with changes that are not committed is refused, and says so', async () => {
  await runs('2.0.0');
  write(MAIN, `${read()}# mine\n`);
  const { code, stderr } = await world.run('propose dev1 stage1');
  expect(code).toBe(2);
  expect(stderr).toContain(`not committed: ${MAIN}`);
  expect(read()).toBe(`${callOf('web-v1.0.0')}${netOf('1.0.0')}# mine\n`);
});

test.each([
  ['propose dev1 stage1', 3, 'nothing has run in dev1 yet'],
  ['propose dev2 stage1', 4, 'dev2'],
  ['propose dev1', 2, 'an argument is missing'],
])('%s: exit code %d', async (line, code, said) => {
  const ended = await world.run(line);
  expect(ended).toMatchObject({ code, stdout: '' });
  expect(ended.stderr).toContain(said);
});

test('outside of a working copy it says where to go', async () => {
  world.directory = '/';
  const { code, stderr } = await world.run('propose dev1 stage1');
  expect(code).toBe(2);
  expect(stderr).toContain('in a clone of the config repository');
});
