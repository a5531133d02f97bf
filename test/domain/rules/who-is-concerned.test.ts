import { beforeEach, describe, expect, test } from '@jest/globals';
import { configureApplication } from '../../../lambdas/domain/application/configure-application.ts';
import { removeApplication } from '../../../lambdas/domain/application/remove-application.ts';
import { requestRemoval } from '../../../lambdas/domain/environment/request-removal.ts';
import { LISTINGS } from '../../../lambdas/domain/model/table/listings.ts';
import { registerRelease } from '../../../lambdas/domain/release/register-release.ts';
import { anApplication, commitOf } from '../../harness/builders.ts';
import type { Terraform } from '../../harness/simulated-builds.ts';
import { TOOLING, World } from '../../harness/world.ts';

/** A commit that changes what an application reads becomes a release of it, wherever the change lies. */

const VPC = 'apps/_modules/vpc';
const OTHERS = 'apps/api/modules/queue';

let world: World;
let reads: Record<string, Terraform['reads']>;
let plan: Terraform['plan'];
beforeEach(async () => {
  world = await World.open();
  const elsewhere = { ...anApplication().configRepository, branch: 'other' };
  await world.write('application', anApplication({ name: 'api', configRepository: elsewhere }));
  reads = {};
  plan = 'changes';
  world.builds.terraform = ({ environment }) => {
    const told = reads[environment];
    return { plan, apply: 'succeeds', ...(told && { reads: told }) };
  };
});

const reading = (...paths: string[]) => ({ paths, isComplete: true });
const changes = async (...changedPaths: string[]) => (await world.push({ changedPaths })).map(({ number }) => number);

/** Pushes a change of the application, and runs its release as far as it goes in development. */
async function release(): Promise<number> {
  const [number = 0] = await changes('apps/my-app/dev1/main.tf');
  await world.finishIn('dev1');
  return number;
}

/** Brings a release to the whole pipeline. */
async function releaseEverywhere(): Promise<void> {
  const number = await release();
  for (const environment of ['stage1', 'prod1']) await world.succeed(environment, number);
}

describe('a change is a release of every application that reads it', () => {
  test.each([
    ['in a directory that belongs to nobody', VPC, `${VPC}/main.tf`],
    ['in another application’s directory', OTHERS, `${OTHERS}/files/policy.json`],
    ['of a file behind a link', 'apps/_common/common.tf', 'apps/_common/common.tf'],
  ])('%s', async (_, read, changed) => {
    reads = { dev1: reading(read) };
    await releaseEverywhere();
    expect(await changes(changed)).toEqual([2]);
    expect(await changes('apps/api/dev1/main.tf', 'apps/_modules/other/main.tf')).toEqual([3]);
    await world.finishIn('dev1');
    expect(await changes('apps/api/dev1/main.tf', 'apps/_modules/other/main.tf')).toEqual([]);
  });

  test('whichever environment reads it', async () => {
    reads = { prod1: reading(OTHERS) };
    await releaseEverywhere();
    expect(await changes(`${OTHERS}/main.tf`)).toEqual([2]);
  });

  test('as long as one does', async () => {
    reads = { dev1: reading(OTHERS), stage1: reading(OTHERS) };
    await releaseEverywhere();
    reads = { stage1: reading(OTHERS) };
    await releaseEverywhere();
    expect(await changes(`${OTHERS}/main.tf`)).toEqual([3]);
    reads = {};
    await world.finishIn('dev1');
    await world.succeed('stage1', 3);
    expect(await changes(`${OTHERS}/main.tf`)).toEqual([]);
  });

  test('of a plan that had nothing to change, too', async () => {
    plan = 'no-changes';
    reads = { dev1: reading(OTHERS) };
    await release();
    expect(await changes(`${OTHERS}/main.tf`)).toEqual([2]);
  });

  test('after the plan of that release failed, so that it can be repaired where it is broken', async () => {
    await release();
    plan = 'fails';
    reads = { dev1: reading(OTHERS) };
    await release();
    expect(await changes(`${OTHERS}/main.tf`)).toEqual([3]);
  });

  test('after a rollback, because the head of the branch reads it still', async () => {
    await release();
    reads = { dev1: reading(OTHERS) };
    await release();
    reads = {};
    await world.rollBack('dev1', 1);
    await world.finishIn('dev1');
    expect(await changes(`${OTHERS}/main.tf`)).toEqual([3]);
  });
});

describe('below apps, where it is not known what an application reads', () => {
  test('a directory that belongs to nobody concerns all, and one of an application nobody else', async () => {
    expect(await changes('apps/api/dev1/main.tf')).toEqual([]);
    expect(await changes(`${VPC}/main.tf`)).toEqual([1]);
    await world.finishIn('dev1');
    expect(await changes(`${VPC}/main.tf`)).toEqual([2]);
    expect(await changes('apps/api/dev1/main.tf')).toEqual([]);
  });

  test('it is known once every environment has been planned', async () => {
    await releaseEverywhere();
    expect(await changes(`${VPC}/main.tf`)).toEqual([]);
  });

  test('it is not known while a newer release was not planned: that may be the first to read it', async () => {
    await releaseEverywhere();
    expect(await changes('apps/my-app/dev1/main.tf')).toEqual([2]);
    expect(await changes(`${VPC}/main.tf`)).toEqual([3]);
    await world.finishIn('dev1');
    expect(await changes(`${VPC}/main.tf`)).toEqual([]);
  });

  test.each<[string, object]>([
    ['nothing that can be read', { paths: ['../x'], isComplete: true }],
    ['too much', { paths: Array.from({ length: 501 }, (_, at) => `a${at}`), isComplete: true }],
    ['that it does not know', { paths: [], isComplete: false }],
  ])('it is not known from a build that tells %s', async (_, told) => {
    reads = { dev1: told };
    await releaseEverywhere();
    expect(await changes(`${VPC}/main.tf`)).toEqual([2]);
  });

  test('it is not known of an environment that was removed, and made again', async () => {
    await releaseEverywhere();
    const where = { application: 'my-app', environment: 'stage1' };
    await world.finish(await world.deploy('stage1', 1, { operation: 'destroy' }));
    await requestRemoval(world, where, TOOLING);
    await world.finishIn('stage1');
    expect(await world.store.get('environment', { application: 'my-app', name: 'stage1' })).toBeUndefined();
    await world.furnish();
    expect(await changes(`${VPC}/main.tf`)).toEqual([2]);
  });
});

test('a plan of an ephemeral environment changes nothing: it is no release', async () => {
  reads = { dev1: reading(OTHERS) };
  await releaseEverywhere();
  world.builds.terraform = () => ({ plan: 'changes', apply: 'succeeds', reads: reading(VPC) });
  await world.runningEphemeral('pr-7');
  expect(await changes(`${VPC}/main.tf`)).toEqual([]);
  expect(await changes(`${OTHERS}/main.tf`)).toEqual([2]);
});

test('a plan that was inspected is known from the inspection: code of the repository cannot make it blind', async () => {
  await release();
  const blind = { paths: [], isComplete: true };
  const id = await world.deploy('stage1', 1);
  reads = { stage1: reading(OTHERS) };
  const end = world.builds.end.bind(world.builds);
  world.builds.end = async (build) => {
    const status = await end(build);
    const run = [...world.artifacts.keys()].find((key) => key.endsWith('inspect/reads.json'));
    if (run) await world.artifacts.putJson(run.replace('inspect/', 'plan/'), blind);
    return status;
  };
  await world.finish(id);
  expect(await changes(`${OTHERS}/main.tf`)).toEqual([2]);
});

test('what was read is gone with the application', async () => {
  await world.write('applicationReads', {
    application: 'my-app',
    environments: [{ environment: 'dev1', release: 1, ...reading(VPC) }],
  });
  await removeApplication(world, 'my-app', 'admin');
  expect(await world.store.get('applicationReads', { application: 'my-app' })).toBeUndefined();
});

test('a release by API of another commit counts as the newest one', async () => {
  await releaseEverywhere();
  const facts = { application: 'my-app', commit: commitOf(99), message: '', author: '' };
  await registerRelease(world, facts, TOOLING);
  expect(await changes(`${VPC}/main.tf`)).toEqual([3]);
  expect((await world.store.list(LISTINGS.releases('my-app'))).items).toHaveLength(3);
});

test.each([
  ['is kept for the same repository by another address', 'https://git.example/Acme/config', [VPC]],
  ['is forgotten for another repository', 'https://git.example/acme/other.git', undefined],
])('what was read %s', async (_, url, paths) => {
  await world.write('applicationReads', {
    application: 'my-app',
    environments: [{ environment: 'dev1', release: 1, ...reading(VPC) }],
  });
  const { name, createdAt, updatedAt, ...settings } = anApplication();
  const configRepository = { ...settings.configRepository, url };
  await configureApplication(world, 'my-app', { ...settings, configRepository }, 'admin');
  const known = await world.store.get('applicationReads', { application: 'my-app' });
  expect(known?.environments[0]?.paths).toEqual(paths);
});
