import { beforeEach, describe, expect, test } from '@jest/globals';
import { findParity, findParityOf } from '../../../lambdas/domain/environment/find-parity.ts';
import type { Configuration } from '../../../lambdas/domain/plan/parity.ts';
import { anApplication, anEnvironment } from '../../harness/builders.ts';
import { World } from '../../harness/world.ts';

const notices = (version: string) => ({
  call: 'module.notices',
  source: `git::https://git.example/notices?ref=v${version}`,
  version,
});

describe('parity of staging and production', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.open();
    await world.bring(await world.release(), 'prod1');
  });
  const environment = async (name: string) => {
    const found = await world.store.get('environment', { application: 'my-app', name });
    return found ?? anEnvironment({ name });
  };
  const application = async () => (await world.store.get('application', { name: 'my-app' })) ?? anApplication();
  const parity = async (name: string) => findParity(world.store, await application(), await environment(name));
  const consistsOf = async (name: string, configuration: Configuration) => {
    const deploymentId = (await world.state(name)).deployed?.deploymentId ?? '';
    await world.write('configuration', { deploymentId, ...configuration });
  };

  test('is there when both run the same', async () => {
    expect(await parity('stage1')).toMatchObject({ same: true, staging: 'stage1', production: 'prod1' });
    expect(await parity('prod1')).toEqual(await parity('stage1'));
  });

  test('names module versions that differ and variables only one of them has, seen from both sides alike', async () => {
    await consistsOf('stage1', { modules: [notices('2.0.0')], variables: ['replicas', 'size'] });
    await consistsOf('prod1', { modules: [notices('1.4.0')], variables: ['audit', 'size'] });
    const expected = {
      same: false,
      modules: [{ call: 'module.notices', stage: { version: '2.0.0' }, production: { version: '1.4.0' } }],
      variables: { onlyInStage: ['replicas'], onlyInProduction: ['audit'] },
    };
    expect(await parity('stage1')).toMatchObject(expected);
    expect(await parity('prod1')).toMatchObject(expected);
  });

  test('names resources outside of modules that only one of them has, and nothing where one is not known', async () => {
    const parts = { modules: [], variables: [] };
    await consistsOf('stage1', { ...parts, rootResources: ['aws_sqs_queue.jobs'] });
    await consistsOf('prod1', { ...parts, rootResources: ['aws_sqs_queue.jobs', 'aws_s3_bucket.audit'] });
    const resources = { onlyInStage: [], onlyInProduction: ['aws_s3_bucket.audit'] };
    for (const name of ['stage1', 'prod1']) expect(await parity(name)).toMatchObject({ same: false, resources });
    await consistsOf('stage1', parts);
    for (const name of ['stage1', 'prod1']) expect(await parity(name)).toMatchObject({ same: true, resources: null });
  });

  test('is about what a deployment will make of production when one is named', async () => {
    await consistsOf('stage1', { modules: [notices('2.0.0')], variables: [] });
    const planned = 'my-app-prod1-9-abcdef';
    await world.write('configuration', { deploymentId: planned, modules: [notices('2.0.0')], variables: [] });
    expect(await parity('prod1')).toMatchObject({ same: false });
    expect(await findParityOf(world.store, await application(), await environment('prod1'), planned)).toMatchObject({
      same: true,
    });
  });

  test('says nothing of arguments where one side had too many to keep', async () => {
    const call = { call: 'module.web', source: './web', version: 'c' };
    await consistsOf('stage1', { modules: [{ ...call, arguments: ['size'] }], variables: [] });
    await consistsOf('prod1', { modules: [call], variables: [] });
    expect(await parity('stage1')).toMatchObject({
      same: true,
      arguments: [],
      compared: ['modules', 'variables'],
    });
  });

  test('goes over further staging and production environments to the nearest', async () => {
    await world.write('application', anApplication({ pipeline: ['dev1', 'stage0', 'stage1', 'prod1', 'prod2'] }));
    await world.write('environment', anEnvironment({ name: 'stage0', stage: 'staging' }));
    await world.write('environment', anEnvironment({ name: 'prod2', stage: 'production' }));
    expect(await parity('prod1')).toMatchObject({ staging: 'stage1' });
    expect(await parity('stage1')).toMatchObject({ production: 'prod1' });
  });

  test.each([
    ['for development', 'dev1', async () => {}],
    [
      'outside of the pipeline',
      'stage1',
      () => world.write('application', anApplication({ pipeline: ['dev1', 'prod1'] })),
    ],
    ['before production has anything', 'stage1', () => world.changeState('prod1', { deployed: null })],
    ['without a production environment', 'stage1', () => world.change('prod1', { stage: 'staging' })],
  ] as const)('is not judged %s', async (_, name, prepare) => {
    await prepare();
    expect(await parity(name)).toBeUndefined();
  });
});
