import { beforeEach, describe, expect, test } from '@jest/globals';
import {
  configureApplication,
  MOST_FOR_DOMAIN,
  MOST_FOR_SOURCE,
} from '../../../lambdas/domain/application/configure-application.ts';
import { ApplicationSettingsSchema, MOST_ENVIRONMENTS } from '../../../lambdas/domain/model/application.ts';
import { anApplication, anEnvironment } from '../../harness/builders.ts';
import { TOOLING, World } from '../../harness/world.ts';

const DOMAIN = 'acme.example';

/** The transaction that changes an application reads its environments, and DynamoDB allows it 100 records. */
describe('an application with many environments', () => {
  let world: World;
  beforeEach(async () => {
    world = new World();
    await world.write('application', anApplication({ pipeline: names('old', MOST_ENVIRONMENTS) }));
    await world.write('applicationReads', { application: 'my-app', environments: [] });
  });
  const names = (prefix: string, count: number) => Array.from({ length: count }, (_, at) => `${prefix}${at}`);
  const has = async (list: readonly string[]) => {
    for (const name of list) await world.write('environment', anEnvironment({ name }));
  };
  const configure = (change: object) => {
    const { client, pipeline, configRepository } = anApplication({ pipeline: names('new', MOST_ENVIRONMENTS) });
    const settings = { client, pipeline, configRepository, ...change };
    return configureApplication(world, 'my-app', ApplicationSettingsSchema.parse(settings), TOOLING.principal);
  };
  const moved = { ...anApplication().configRepository, url: 'https://git.example/acme/moved.git' };

  test.each([
    ['source', MOST_FOR_SOURCE, { configRepository: moved }],
    ['domain, with all else', MOST_FOR_DOMAIN, { configRepository: moved, serviceDiscoveryDomain: DOMAIN }],
  ])('may change its %s, up to so many', async (_, most, change) => {
    await has(names('more', most - 2 * MOST_ENVIRONMENTS));
    expect(await configure(change)).toMatchObject({ application: change });
  });

  test.each([
    ['source', MOST_FOR_SOURCE, { configRepository: moved }],
    ['domain', MOST_FOR_DOMAIN, { serviceDiscoveryDomain: DOMAIN }],
  ])('is told if it has too many for a change of its %s, and may change the rest', async (_, most, change) => {
    await has(names('more', most - 2 * MOST_ENVIRONMENTS + 1));
    await expect(configure(change)).rejects.toMatchObject({
      refusal: 'not-allowed-here',
      message: expect.stringContaining(`has ${most + 1} environments`),
    });
    expect(await configure({ client: 'bolt' })).toMatchObject({ application: { client: 'bolt' } });
  });

  test('may change its source and domain, however many ephemeral ones are closed', async () => {
    await world.furnish();
    const closed = await world.runningEphemeral('pr-1');
    const { basedOn: _, ...open } = closed;
    const by = { cause: 'requested' as const, by: TOOLING, at: world.surroundings.now() };
    for (const name of names('was', 100))
      await world.write('environment', { ...open, basedOn: 'dev1', name, life: { phase: 'closed', ...by } });
    const change = { configRepository: moved, serviceDiscoveryDomain: DOMAIN, pipeline: anApplication().pipeline };
    expect(await configure(change)).toMatchObject({ application: change });
  });
});
