import { beforeEach, describe, expect, test } from '@jest/globals';
import { preparePlan } from '../../../lambdas/domain/build/prepare-plan.ts';
import { requestDeployment } from '../../../lambdas/domain/deployment/request-deployment.ts';
import { requestRemoval } from '../../../lambdas/domain/environment/request-removal.ts';
import { deleteEphemeral } from '../../../lambdas/domain/ephemeral/delete-ephemeral.ts';
import { redeployEphemeral } from '../../../lambdas/domain/ephemeral/redeploy-ephemeral.ts';
import { MOST_KEPT } from '../../../lambdas/domain/model/kept/kept-trees.ts';
import { commitOf } from '../../harness/builders.ts';
import { TOOLING, World } from '../../harness/world.ts';

let world: World;
beforeEach(async () => {
  world = await World.open();
});

const placeOf = (environment: string) => ({ application: 'my-app', environment });
const phaseOf = async (name: string) => (await world.ephemeralNow(name)).life.phase;
/** The projects in which the builds of a deployment ran. */
const projectsOf = (id: string) => world.builds.of(id).map((build) => world.builds.projects.get(build));
const loseEverything = () => {
  for (let number = 0; number < 50; number++) world.builds.lost.add(commitOf(number));
};
const failing = (...failures: number[]) => {
  world.builds.terraform = ({ release, commit, operation }) => ({
    plan: 'changes',
    apply:
      operation !== 'destroy' && failures.some((n) => (release ?? commit) === (release ? n : commitOf(n)))
        ? 'fails'
        : 'succeeds',
  });
};

async function releases(count: number): Promise<void> {
  for (let number = 1; number <= count; number++) {
    await world.release();
    await world.succeed('dev1', number);
  }
}

async function destroy(environment: string, release?: number): Promise<string> {
  const wish = { ...placeOf(environment), operation: 'destroy', requestedBy: TOOLING } as const;
  const { deployment } = await requestDeployment(world, { ...wish, ...(release !== undefined && { release }) });
  return deployment.id;
}

describe('when the commit is gone,', () => {
  test('a preview is closed all the same', async () => {
    await world.runningEphemeral('pr-1');
    loseEverything();
    await deleteEphemeral(world, 'my-app', 'pr-1', TOOLING);
    const ended = await world.finishIn('pr-1');
    expect(ended).toMatchObject({ operation: 'destroy', status: 'succeeded', commit: commitOf(1) });
    expect(projectsOf(ended?.id ?? '')).toEqual(['stagegate-plan-kept', 'stagegate-apply-kept']);
    expect(await phaseOf('pr-1')).toBe('closed');
  });

  test('a preview of which many commits passed through since its last apply is closed', async () => {
    await world.runningEphemeral('pr-1');
    world.builds.terraform = () => ({ plan: 'no-changes', apply: 'succeeds' });
    for (let number = 2; number <= MOST_KEPT + 3; number++) {
      await redeployEphemeral(world, placeOf('pr-1'), commitOf(number), TOOLING);
      await world.finishIn('pr-1');
    }
    world.builds.terraform = () => ({ plan: 'changes', apply: 'succeeds' });
    loseEverything();
    await deleteEphemeral(world, 'my-app', 'pr-1', TOOLING);
    expect(await world.finishIn('pr-1')).toMatchObject({ status: 'succeeded', commit: commitOf(MOST_KEPT + 3) });
    expect(await phaseOf('pr-1')).toBe('closed');
  });

  test('a preview of which the last apply failed is closed with what that apply began', async () => {
    await world.runningEphemeral('pr-1');
    failing(2);
    await redeployEphemeral(world, placeOf('pr-1'), commitOf(2), TOOLING);
    expect(await world.finishIn('pr-1')).toMatchObject({ status: 'failed' });
    loseEverything();
    await deleteEphemeral(world, 'my-app', 'pr-1', TOOLING);
    expect(await world.finishIn('pr-1')).toMatchObject({ status: 'succeeded', commit: commitOf(2) });
    expect(await phaseOf('pr-1')).toBe('closed');
  });

  test('a preview that never succeeded, but whose first apply made something, is closed', async () => {
    failing(1);
    await world.runningEphemeral('pr-1');
    failing();
    loseEverything();
    await deleteEphemeral(world, 'my-app', 'pr-1', TOOLING);
    await world.finishIn('pr-1');
    expect(await phaseOf('pr-1')).toBe('closed');
  });

  test.each([
    ['while another commit is applied', 'RecordOutputs', 'succeeds'],
    ['while the apply of another commit fails', 'InspectFailedApply', 'fails'],
    ['before the tree of the last apply is kept', 'KeepTree', 'succeeds'],
    ['before the tree of the last apply, which failed, is kept', 'KeepTree', 'fails'],
  ] as const)('a preview that is ended %s is closed with that one', async (_, upTo, apply) => {
    await world.runningEphemeral('pr-1');
    failing(...(apply === 'fails' ? [2] : []));
    await redeployEphemeral(world, placeOf('pr-1'), commitOf(2), TOOLING);
    const id = (await world.holderOf('pr-1')) ?? '';
    for (let steps = 0; world.workflow.stateOf(id) !== upTo && steps < 50; steps++) await world.workflow.step(id);
    loseEverything();
    await deleteEphemeral(world, 'my-app', 'pr-1', TOOLING);
    expect(await world.finishIn('pr-1')).toMatchObject({ operation: 'destroy', commit: commitOf(2), treeOf: id });
    expect(await phaseOf('pr-1')).toBe('closed');
  });

  test('an environment is destroyed and removed', async () => {
    await releases(2);
    loseEverything();
    const id = await destroy('dev1');
    expect(await world.finish(id)).toMatchObject({ status: 'succeeded', release: 2 });
    world.surroundings.advance(3600);
    const looking = await requestRemoval(world, placeOf('dev1'), TOOLING);
    expect(await world.finish(looking?.id ?? '')).toMatchObject({ status: 'succeeded', release: 2 });
    expect(await world.store.get('environment', { application: 'my-app', name: 'dev1' })).toBeUndefined();
  });

  test('production is rolled back, past its gates', async () => {
    for (const release of [1, 2]) {
      await world.release();
      await world.bring(release, 'prod1');
    }
    loseEverything();
    const id = await world.rollBack('prod1', 1);
    const tree = (await world.store.get('keptTrees', placeOf('prod1')))?.successes[1];
    expect(await world.finish(id)).toMatchObject({ status: 'succeeded', release: 1, treeOf: tree?.deploymentId });
    expect(projectsOf(id)).toEqual(['stagegate-plan-kept', 'stagegate-inspect', 'stagegate-apply-kept']);
  });

  test('a plan that goes stale is made again from the same tree', async () => {
    await world.release();
    await world.release();
    await world.bring(1, 'stage1');
    await world.bring(2, 'stage1');
    loseEverything();
    const id = await world.rollBack('stage1', 1);
    await world.workflow.run(id);
    world.states.change({ bucket: 'acme-state', key: 'apps/my-app/stage1/terraform.tfstate' });
    await world.finish(id);
    expect(await world.finish(id)).toMatchObject({ round: 2, status: 'succeeded' });
    expect(new Set(projectsOf(id))).toEqual(
      new Set(['stagegate-plan-kept', 'stagegate-inspect', 'stagegate-apply-kept']),
    );
  });
});

describe('a release that is not among the last ten', () => {
  beforeEach(() => releases(MOST_KEPT + 2));

  test('needs the host, and says so if that has lost the commit', async () => {
    world.builds.lost.add(commitOf(1));
    const id = await world.rollBack('dev1', 1);
    expect(await world.finish(id)).toMatchObject({
      status: 'failed',
      error: {
        reason: 'workflow-failed',
        state: 'Plan',
        message: expect.stringContaining(
          `if the git host has lost commit ${commitOf(1)}: "dev1" keeps what its last 10 successes were applied from, and release 1 is not among them; push the commit again, to any branch or tag, or roll back to one of these releases: 12, 11, 10, 9, 8, 7, 6, 5, 4, 3`,
        ),
      },
    });
  });

  test('is rolled back to while the host has it', async () => {
    const id = await world.rollBack('dev1', 1);
    expect(await world.finish(id)).toMatchObject({ status: 'succeeded' });
    expect(projectsOf(id)).toEqual(['stagegate-plan', 'stagegate-apply']);
  });
});

describe('what is destroyed is', () => {
  test('what was applied last, even if that failed half way', async () => {
    await releases(1);
    failing(2);
    await world.release();
    await world.finish(await world.deploy('dev1', 2));
    const id = await destroy('dev1');
    expect(await world.finish(id)).toMatchObject({ status: 'succeeded', release: 2 });
    expect(projectsOf(id)).toEqual(['stagegate-plan-kept', 'stagegate-apply-kept']);
  });

  test('what the request names', async () => {
    await releases(2);
    const id = await destroy('dev1', 1);
    const tree = (await world.store.get('keptTrees', placeOf('dev1')))?.successes[1];
    expect(await world.finish(id)).toMatchObject({ status: 'succeeded', release: 1, treeOf: tree?.deploymentId });
  });

  test('fetched from the host where nothing is kept, and the refusal says what to do if that has lost it', async () => {
    world.artifacts.copyOnce = async () => undefined;
    await world.runningEphemeral('pr-1');
    loseEverything();
    await deleteEphemeral(world, 'my-app', 'pr-1', TOOLING);
    expect(await world.finishIn('pr-1')).toMatchObject({
      status: 'failed',
      error: {
        message: expect.stringMatching(
          new RegExp(
            `if the git host has lost commit ${commitOf(1)}: nothing that was applied to "pr-1" is kept yet; try once more, because its run may still have it, or push the commit again, to any branch or tag$`,
          ),
        ),
      },
    });
    world.builds.lost.clear();
    await deleteEphemeral(world, 'my-app', 'pr-1', TOOLING);
    await world.finishIn('pr-1');
    expect(await phaseOf('pr-1')).toBe('closed');
  });
});

describe('an environment that succeeded before anything was kept', () => {
  /** Forgets what is kept, as if it had never been. */
  async function asBefore(environment: string): Promise<void> {
    const objects = world.artifacts.keys().filter((key) => key.startsWith(`kept/my-app-${environment}-`));
    for (const key of objects) await world.artifacts.deleteForGood(key);
    await world.write('keptTrees', { ...placeOf(environment), successes: [], dropped: [] });
  }

  test('is closed at the second attempt if the commit is gone, from the tree of its run', async () => {
    await world.runningEphemeral('pr-1');
    await asBefore('pr-1');
    const first = (await world.history('pr-1'))[0]?.id;
    loseEverything();
    await deleteEphemeral(world, 'my-app', 'pr-1', TOOLING);
    expect(await world.finishIn('pr-1')).toMatchObject({ status: 'failed' });
    await deleteEphemeral(world, 'my-app', 'pr-1', TOOLING);
    expect(await world.finishIn('pr-1')).toMatchObject({ status: 'succeeded', treeOf: first });
    expect(await phaseOf('pr-1')).toBe('closed');
    expect(world.artifacts.keys().filter((key) => key.startsWith('kept/'))).toEqual([]);
  });

  test('is destroyed with the apply that failed since, and rolled back to what succeeded', async () => {
    await releases(2);
    await asBefore('dev1');
    failing(3);
    await world.release();
    await world.finish(await world.deploy('dev1', 3));
    failing();
    loseEverything();
    const kept = await world.store.get('keptTrees', placeOf('dev1'));
    expect(kept).toMatchObject({ successes: [{ release: 2 }], unfinished: { release: 3 }, dropped: [] });
    const back = await world.rollBack('dev1', 2);
    expect(await world.finish(back)).toMatchObject({ status: 'succeeded', treeOf: kept?.successes[0]?.deploymentId });
    const id = await destroy('dev1');
    expect(await world.finish(id)).toMatchObject({ status: 'succeeded', release: 2, treeOf: back });
  });

  test('loses nothing if its success is kept only after a later apply has failed', async () => {
    await releases(1);
    failing(2);
    await world.release();
    const failed = await world.deploy('dev1', 2);
    await world.finish(failed);
    const kept = await world.store.get('keptTrees', placeOf('dev1'));
    if (!kept) throw new Error('nothing is kept');
    await world.write('keptTrees', { ...kept, successes: [] });
    world.builds.terraform = () => ({ plan: 'fails', apply: 'succeeds' });
    await world.release();
    await world.finish(await world.deploy('dev1', 3));
    expect(await world.store.get('keptTrees', placeOf('dev1'))).toMatchObject({
      successes: [{ release: 1 }],
      unfinished: { release: 2, deploymentId: failed },
      dropped: [],
    });
  });

  test('asks the host while its run has no tree any more', async () => {
    await releases(1);
    await asBefore('dev1');
    world.artifacts.copyOnce = async () => undefined;
    const id = await destroy('dev1');
    expect(await world.finish(id)).toMatchObject({ status: 'succeeded' });
    expect(projectsOf(id)).toEqual(['stagegate-plan', 'stagegate-apply']);
  });
});

describe('a tree that somebody has deleted', () => {
  const newestKey = async (environment: string) =>
    (await world.store.get('keptTrees', placeOf(environment)))?.successes[0]?.key ?? '';

  test('is forgotten when it is missed, and the environment ends with an older one', async () => {
    await world.runningEphemeral('pr-1');
    await redeployEphemeral(world, placeOf('pr-1'), commitOf(2), TOOLING);
    await world.finishIn('pr-1');
    loseEverything();
    await world.artifacts.deleteForGood(await newestKey('pr-1'));
    await deleteEphemeral(world, 'my-app', 'pr-1', TOOLING);
    expect(await world.finishIn('pr-1')).toMatchObject({ status: 'failed', error: { reason: 'artifact-store' } });
    await deleteEphemeral(world, 'my-app', 'pr-1', TOOLING);
    expect(await world.finishIn('pr-1')).toMatchObject({ status: 'succeeded', commit: commitOf(1) });
    expect(await phaseOf('pr-1')).toBe('closed');
  });

  test('is forgotten, and the host is asked where there is no other', async () => {
    await releases(1);
    await world.artifacts.deleteForGood(await newestKey('dev1'));
    await world.finish(await destroy('dev1'));
    const id = await destroy('dev1');
    expect(await world.finish(id)).toMatchObject({ status: 'succeeded' });
    expect(projectsOf(id)).toEqual(['stagegate-plan', 'stagegate-apply']);
  });

  test('is kept if it is there, and the bucket could only not be reached', async () => {
    await releases(1);
    const getText = world.artifacts.getText.bind(world.artifacts);
    world.artifacts.getText = async () => undefined;
    await world.finish(await destroy('dev1'));
    world.artifacts.getText = getText;
    const id = await destroy('dev1');
    expect(await world.finish(id)).toMatchObject({ status: 'succeeded' });
    expect(projectsOf(id)).toEqual(['stagegate-plan-kept', 'stagegate-apply-kept']);
  });
});

test('what is deployed always comes from the host, even if its tree is kept', async () => {
  await releases(1);
  loseEverything();
  const id = await world.deploy('dev1', 1);
  const { status, ...ended } = await world.finish(id);
  expect([status, projectsOf(id)]).toEqual(['failed', ['stagegate-plan']]);
  expect(JSON.stringify(ended)).not.toContain('keeps what');
});

test('a rollback that failed half way is tried again from the same tree', async () => {
  await releases(MOST_KEPT + 2);
  failing(1);
  const first = await world.rollBack('dev1', 1);
  expect(await world.finish(first)).toMatchObject({ status: 'failed', applied: 'partly' });
  failing();
  loseEverything();
  const second = await world.rollBack('dev1', 1);
  expect(await world.finish(second)).toMatchObject({ status: 'succeeded', treeOf: first });
});

test('a build gets the address of the tree, no source and a ticket for the project without one', async () => {
  await releases(1);
  const id = await destroy('dev1');
  const [tree] = (await world.store.get('keptTrees', placeOf('dev1')))?.successes ?? [];
  const { plan } = await preparePlan(world, id);
  expect(Object.keys(plan).sort()).toEqual(['EnvironmentVariablesOverride', 'IdempotencyToken', 'ProjectName']);
  const variables = Object.fromEntries(plan.EnvironmentVariablesOverride.map(({ Name, Value }) => [Name, Value]));
  expect(JSON.parse(variables.STAGEGATE_KEPT_TREE ?? '')).toEqual({
    key: tree?.key,
    versionId: tree?.versionId,
    sha256: tree?.sha256,
  });
  expect(await world.store.get('buildTicket', { deploymentId: id, purpose: 'plan', round: 1 })).toMatchObject({
    role: 'stagegate-plan-build.kept',
  });
});
