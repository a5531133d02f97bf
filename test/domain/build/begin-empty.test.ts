import { beforeEach, describe, expect, test } from '@jest/globals';
import { preparePlan } from '../../../lambdas/domain/build/prepare-plan.ts';
import { configureEnvironment } from '../../../lambdas/domain/environment/configure-environment.ts';
import { EnvironmentSettingsSchema } from '../../../lambdas/domain/model/environment.ts';
import { withoutPast } from '../../../lambdas/domain/model/environment-state.ts';
import { World } from '../../harness/world.ts';

let world: World;
beforeEach(async () => {
  world = await World.open();
  await world.release();
  await world.release();
});

const ADOPT = { adopt: 'empty-state' } as const;

/** Returns what the next plan build of a deployment does about files that tell of a state elsewhere. */
async function toldOf(id: string): Promise<string | undefined> {
  const { plan } = await preparePlan(world, id);
  return plan.EnvironmentVariablesOverride.find(({ Name }) => Name === 'STAGEGATE_STATE_ELSEWHERE')?.Value;
}

describe('a state that files of the repository tell of', () => {
  test('is refused until an apply has started in the environment, whatever became of earlier deployments', async () => {
    const id = await world.deploy('dev1', 1);
    expect(await toldOf(id)).toBe('refused');
    await world.cancel(id);
    await world.workflow.run(id);
    expect(await toldOf(await world.deploy('dev1', 2))).toBe('refused');
  });

  test('does not matter after a success, also one without changes', async () => {
    await world.succeed('dev1', 1);
    expect(await toldOf(await world.deploy('dev1', 2))).toBe('ignored');
  });

  test('does not matter any more once somebody has asked to begin with an empty state', async () => {
    const id = await world.deploy('dev1', 1, ADOPT);
    expect(await toldOf(id)).toBe('ignored');
    expect(await world.deployment(id)).toMatchObject(ADOPT);
    await world.cancel(id);
    await world.workflow.run(id);
    expect(await toldOf(await world.deploy('dev1', 2))).toBe('ignored');
  });

  test('matters in each environment of its own', async () => {
    await world.succeed('dev1', 1, ADOPT);
    expect(await toldOf(await world.deploy('stage1', 1))).toBe('refused');
  });

  test('matters again after a removal, and in another account', async () => {
    await world.succeed('dev1', 1, ADOPT);
    const state = await world.state('dev1');
    expect(withoutPast(state)).not.toHaveProperty('beginsEmpty');
    await world.changeState('dev1', {
      deployed: null,
      resources: { count: 0, deploymentId: 'my-app-dev1-1-abc123', at: world.surroundings.now() },
    });
    const settings = { stage: 'development', accountId: '333333333333', region: 'eu-west-1' };
    await configureEnvironment(
      { ...world, reservedAccount: '000000000000' },
      { application: 'my-app', environment: 'dev1' },
      EnvironmentSettingsSchema.parse(settings),
      'admin',
    );
    expect(await toldOf(await world.deploy('dev1', 2))).toBe('refused');
  });

  test('never matters to an ephemeral environment', async () => {
    await world.ephemeral('pr-1');
    expect(await toldOf((await world.holderOf('pr-1')) ?? '')).toBe('ignored');
  });

  test('never matters to a destruction, also one that only looks whether anything is left', async () => {
    const id = await world.deploy('dev1', 1, { operation: 'destroy', isVerification: true });
    expect(await toldOf(id)).toBe('ignored');
  });

  test('is not forgotten in favour of an open deployment that would refuse it', async () => {
    const open = await world.deploy('dev1', 1);
    await expect(world.deploy('dev1', 1, ADOPT)).rejects.toMatchObject({ refusal: 'deployments-open' });
    expect((await world.state('dev1')).beginsEmpty).toBeUndefined();
    expect(await world.deploy('dev1', 1)).toBe(open);
  });

  test('asked for twice is one deployment', async () => {
    const first = await world.deploy('dev1', 1, ADOPT);
    expect([await world.deploy('dev1', 1, ADOPT), await world.deploy('dev1', 1)]).toEqual([first, first]);
  });
});

test('the file that completes the backend reaches the build, and an ephemeral environment has that of its base', async () => {
  const fileOf = async (id: string) => {
    const { plan } = await preparePlan(world, id);
    return plan.EnvironmentVariablesOverride.find(({ Name }) => Name === 'STAGEGATE_BACKEND_CONFIG_FILE')?.Value;
  };
  await world.change('dev1', { backendConfigFile: '../dev1.tfbackend' });
  await world.ephemeral('pr-1');
  expect(await fileOf(await world.deploy('dev1', 1))).toBe('../dev1.tfbackend');
  expect(await fileOf((await world.holderOf('pr-1')) ?? '')).toBe('../dev1.tfbackend');
});
