import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { environmentInId } from '../../../cli/diff/sides.ts';
import { headlineOf } from '../../../lambdas/domain/plan/analysis.ts';
import { STAFF } from '../../api/pipeline-world.ts';
import { anAnalysis } from '../../harness/analysis-builder.ts';
import { CommandLineWorld } from '../command-line-world.ts';

let world: CommandLineWorld;
beforeEach(async () => {
  world = await CommandLineWorld.create();
  await world.api.approver(STAFF, 'staff');
});
afterEach(() => world.stop());

/** Lets a deployment succeed with one module in a version, and this analysis kept. */
async function succeed(id: string, version: string, engine = '1.11.4'): Promise<string> {
  const { api } = world;
  const module = {
    call: 'module.web',
    source: 'acme/web/aws',
    version,
    arguments: [],
    identity: version[0]?.repeat(64),
  };
  const analysis = anAnalysis({ modules: [module] });
  const kept = await api.artifacts.putJson(`analysis/${id}/1.json`, analysis);
  const headline = headlineOf(analysis);
  await api.plan(id, { hasChanges: false, analysis: kept, headline, engine: { name: 'terraform', version: engine } });
  await api.end(id);
  return id;
}

test('two environments are compared part by part', async () => {
  const { api } = world;
  await succeed(await api.release(1), '1.0.0');
  await succeed(await api.deploy('stage1', 1), '1.0.0');
  await succeed(await api.release(2), '2.0.0', '1.12.0');
  const { code, stdout } = await world.run('diff dev1 stage1 --json');
  expect(code).toBe(0);
  const { differences, same, unknown } = JSON.parse(stdout);
  expect(unknown).toEqual([]);
  expect(same).toContain('outputs');
  const rowsOf = (part: string) => differences.find((each: { part: string }) => each.part === part)?.rows;
  expect(rowsOf('release')).toContainEqual({ what: 'release', one: '2', other: '1' });
  expect(rowsOf('engine')).toEqual([{ what: 'engine', one: 'terraform 1.12.0', other: 'terraform 1.11.4' }]);
  expect(rowsOf('modules')).toEqual([
    {
      what: 'module.web',
      one: '2.0.0 of acme/web/aws (content 222222222222)',
      other: '1.0.0 of acme/web/aws (content 111111111111)',
    },
  ]);
  expect(rowsOf('protections')).toContainEqual({ what: 'gates', one: 'none', other: 'staff x1' });
  const text = (await world.run('diff dev1 stage1')).stdout;
  expect(text).toMatch(/^ENGINE +dev1 +stage1\nengine +terraform 1\.12\.0 +terraform 1\.11\.4$/m);
});

test('two deployments of one environment are compared; outputs are known of the newest only', async () => {
  const { api } = world;
  const first = await succeed(await api.release(1), '1.0.0');
  const second = await succeed(await api.release(2), '1.0.0');
  const { stdout } = await world.run(`diff ${first} ${second} --json`);
  expect(JSON.parse(stdout)).toMatchObject({
    one: first,
    other: second,
    differences: [{ part: 'release' }],
    same: expect.arrayContaining(['modules', 'engine', 'plan', 'cost', 'protections']),
    unknown: [{ part: 'outputs', of: [first] }],
  });
  const itself = JSON.parse((await world.run('diff dev1 dev1 --json')).stdout);
  expect(itself.differences).toEqual([]);
});

test('what is not known is no difference: nothing deployed, no plan kept', async () => {
  const id = await succeed(await world.api.release(1), '1.0.0');
  await world.api.artifacts.deleteForGood(`analysis/${id}/1.json`);
  const { stdout } = await world.run('diff dev1 prod1');
  expect(stdout).toContain('Not known: release (of prod1)');
  expect(stdout).toContain('provider changes (of dev1 and prod1)');
});

test.each([
  ['diff dev1 none', 4],
  ['diff dev1', 2],
  ['diff dev1 my-app-dev1-99-abcdef', 4],
])('%s: exit code %d', async (line, code) => {
  expect(await world.run(line)).toMatchObject({ code, stdout: '' });
});

test.each([
  ['my-app-dev1-12-abc123', 'dev1'],
  ['my-app-pr-7-12-abc123', 'pr-7'],
  ['dev1', undefined],
  ['other-dev1-12-abc123', undefined],
])('the environment in the id %s is %s', (text, environment) => {
  expect(environmentInId('my-app', text)).toBe(environment);
});
