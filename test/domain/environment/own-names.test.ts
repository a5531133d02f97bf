import { beforeEach, describe, expect, test } from '@jest/globals';
import { configureEnvironment } from '../../../lambdas/domain/environment/configure-environment.ts';
import { prepareEphemeralName } from '../../../lambdas/domain/environment/prepare-account.ts';
import { createEphemeral } from '../../../lambdas/domain/ephemeral/create-ephemeral.ts';
import { EphemeralRequestSchema } from '../../../lambdas/domain/model/ephemeral-environment.ts';
import { LISTINGS } from '../../../lambdas/domain/model/table/listings.ts';
import { FakeSurroundings } from '../../fakes/fake-surroundings.ts';
import { anApplication, anEnvironment } from '../../harness/builders.ts';
import { World } from '../../harness/world.ts';

const BY = { principal: 'arn:aws:iam::999999999999:role/Admin' };
const SETTINGS = {
  stage: 'development',
  accountId: '111111111111',
  region: 'eu-west-1',
  deletionProtection: false,
} as const;

let world: World;
beforeEach(async () => {
  world = await World.open();
  await world.write('application', anApplication({ name: 'shop', pipeline: ['eu-dev1', 'stage1', 'prod1'] }));
  await world.write('application', anApplication({ name: 'shop-eu', pipeline: ['dev1', 'stage1', 'prod1'] }));
});
const register = (application: string, environment: string, given: Partial<Pick<World, 'surroundings'>> = {}) =>
  configureEnvironment({ ...services(), ...given }, { application, environment }, SETTINGS, BY.principal);
const services = () => {
  const { store, surroundings, reservedAccount } = world;
  return { store, surroundings, reservedAccount };
};

describe('of two environments whose names make the same text', () => {
  const taken = {
    refusal: 'names-taken',
    message: 'the names of roles of shop-eu/dev1 and of shop/eu-dev1 both contain "shop-eu-dev1"; choose another name',
  };

  test('the second is refused', async () => {
    await register('shop', 'eu-dev1');
    await expect(register('shop-eu', 'dev1')).rejects.toMatchObject(taken);
    expect(await world.store.get('environment', { application: 'shop-eu', name: 'dev1' })).toBeUndefined();
  });

  test('one wins if both are registered at the same time', async () => {
    const outcomes = await Promise.allSettled([register('shop', 'eu-dev1'), register('shop-eu', 'dev1')]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { refusal: 'names-taken' } });
  });

  test('both stay if they are from before, and the next change of one tells of the other', async () => {
    for (const [application, name] of [
      ['shop', 'eu-dev1'],
      ['shop-eu', 'dev1'],
    ] as const)
      await world.write('environment', anEnvironment({ application, name, ...SETTINGS }));
    expect(await register('shop-eu', 'dev1')).toMatchObject({ isNew: false });
    const { items } = await world.store.list(LISTINGS.environmentEvents('shop-eu', 'dev1'));
    expect(items).toMatchObject([
      { type: 'configured', reason: expect.stringContaining('of shop/eu-dev1 both contain') },
    ]);
  });

  test('the second is refused if it is ephemeral, when it is made and when its name is prepared', async () => {
    await register('shop', 'eu-dev1');
    await world.write('application', anApplication({ name: 'shop-eu', pipeline: ['other', 'stage1', 'prod1'] }));
    await register('shop-eu', 'other');
    const request = EphemeralRequestSchema.parse({
      name: 'dev1',
      basedOn: 'other',
      commit: 'a'.repeat(40),
      ttlHours: 1,
    });
    await expect(createEphemeral(world, 'shop-eu', request, BY)).rejects.toMatchObject(taken);
    const prepared = prepareEphemeralName(world, 'shop-eu', { name: 'dev1', basedOn: 'other' });
    await expect(prepared).rejects.toMatchObject(taken);
  });

  test('an environment with another text is its own', async () => {
    await register('shop', 'eu-dev1');
    await world.write('application', anApplication({ name: 'shop-e', pipeline: ['u-dev1', 'dev1', 'stage1'] }));
    expect(await register('shop-e', 'dev1')).toMatchObject({ isNew: true });
  });
});

describe('the names of an environment are accepted by IAM', () => {
  const longest = { application: `a${'b'.repeat(31)}`, environment: `e${'f'.repeat(15)}` };
  beforeEach(async () => {
    for (const application of [longest.application, longest.application.slice(1)])
      await world.write('application', anApplication({ name: application, pipeline: [longest.environment, 'stage1'] }));
  });

  test('with the default installation and one character less than the longest names', async () => {
    const role = `stagegate-${longest.application.slice(1)}-${longest.environment}-apply`;
    expect(role).toHaveLength(64);
    expect(await register(longest.application.slice(1), longest.environment)).toMatchObject({ isNew: true });
  });

  test('or it is refused, with field and value', async () => {
    await expect(register(longest.application, longest.environment)).rejects.toMatchObject({
      name: 'InvalidInputError',
      issues: [
        {
          field: 'environment',
          value: JSON.stringify(longest.environment),
          message: expect.stringMatching(/-apply" would have 65 characters, and IAM allows 64; .* roles\.apply$/),
        },
      ],
    });
  });

  test('unless its settings name its roles', async () => {
    const named = (purpose: string) => `arn:aws:iam::111111111111:role/acme-${purpose}`;
    const roles = { apply: named('apply'), state: named('state') };
    const place = { application: longest.application, environment: longest.environment };
    const { environment } = await configureEnvironment(services(), place, { ...SETTINGS, roles }, BY.principal);
    expect(environment.roles).toEqual(roles);
  });

  test('with the longest names in an installation of 8 characters', async () => {
    const surroundings = new FakeSurroundings(undefined, 'eightchr');
    expect(await register(longest.application, longest.environment, { surroundings })).toMatchObject({ isNew: true });
  });
});
