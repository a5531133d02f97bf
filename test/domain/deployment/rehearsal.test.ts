import { beforeEach, describe, expect, test } from '@jest/globals';
import { viewDeployment } from '../../../lambdas/domain/deployment/deployment-view.ts';
import { configureEnvironment } from '../../../lambdas/domain/environment/configure-environment.ts';
import { requestRemoval } from '../../../lambdas/domain/environment/request-removal.ts';
import { MOST_APPLIES } from '../../../lambdas/domain/model/applied-changes.ts';
import { isTerminal, plannedOf } from '../../../lambdas/domain/model/deployment.ts';
import { EnvironmentSettingsSchema } from '../../../lambdas/domain/model/environment.ts';
import { LISTINGS } from '../../../lambdas/domain/model/table/listings.ts';
import type { Rehearsal } from '../../../lambdas/domain/plan/rehearsal/rehearsal-schema.ts';
import type { Terraform } from '../../harness/simulated-builds.ts';
import { TOOLING, World } from '../../harness/world.ts';
import { type ChangeParts, change, planOf } from '../plan/plan-documents.ts';

const STAGE1 = { application: 'my-app', environment: 'stage1' };
const REPLACE = { actions: ['create', 'delete'] };
const CREATE = { actions: ['create'] };
const UPDATE = {};
/** Whatever makes an environment what it is; no other change of these tests is like it. */
const FIRST = { name: 'first', ...CREATE };

describe('what was rehearsed', () => {
  let world: World;
  /** What Terraform does with a release in an environment: `stage1 2`. */
  let plans: Map<string, Pick<Terraform, 'plan' | 'printed' | 'apply'>>;

  const plan = (place: string, changes: readonly ChangeParts[], apply: Terraform['apply'] = 'succeeds') =>
    plans.set(place, {
      plan: changes.length > 0 ? 'changes' : 'no-changes',
      apply,
      ...(changes.length > 0 && { printed: planOf({ resource_changes: changes.map(change) }) }),
    });

  beforeEach(async () => {
    world = await World.open();
    plans = new Map();
    world.builds.terraform = ({ environment, release, operation }) => {
      if (operation === 'destroy') return { plan: 'changes', apply: 'succeeds' };
      return plans.get(`${environment} ${release}`) ?? { plan: 'no-changes', apply: 'succeeds' };
    };
    for (const environment of ['dev1', 'stage1', 'prod1']) plan(`${environment} 1`, [FIRST]);
  });

  /** Brings the next release to prod1, which runs it then. */
  const runEverywhere = async () => world.bring(await world.release(), 'prod1');

  /** Plans a release in an environment, and returns what the deployment says about it. */
  const rehearsalOf = async (environment: string, release: number): Promise<Rehearsal | undefined> => {
    const id = await world.deploy(environment, release);
    await world.workflow.run(id);
    const rehearsal = plannedOf(await world.deployment(id))?.rehearsal;
    if (!isTerminal(await world.statusOf(id))) await world.cancel(id);
    await world.workflow.run(id);
    return rehearsal;
  };

  /** Makes the next release and deploys it to stage1 with these changes. Returns its number. */
  const stage = async (...changes: ChangeParts[]): Promise<number> => {
    const release = await world.release();
    plan(`stage1 ${release}`, changes);
    await world.bring(release, 'stage1');
    return release;
  };

  const inProduction = async (release: number, ...changes: ChangeParts[]) => {
    plan(`prod1 ${release}`, changes);
    return rehearsalOf('prod1', release);
  };

  test('is a replacement that stage1 has applied', async () => {
    await runEverywhere();
    expect(await inProduction(await stage(REPLACE), REPLACE)).toEqual({
      environment: 'stage1',
      rehearsed: 1,
      of: 1,
      partly: 0,
      appliesKnown: true,
      unrehearsed: [],
      moreUnrehearsed: 0,
      noted: [],
      moreNoted: 0,
    });
  });

  test('is not a replacement of what stage1 has only created', async () => {
    await runEverywhere();
    expect(await inProduction(await stage(CREATE), REPLACE, { name: 'new', ...CREATE })).toMatchObject({
      rehearsed: 0,
      of: 2,
      unrehearsed: [
        { address: 'aws_instance.this', action: 'replace', why: expect.stringContaining('only created it') },
        {
          address: 'aws_instance.new',
          action: 'create',
          why: 'stage1 has not created it since it first applied release 1',
        },
      ],
    });
  });

  test('is a change with other indexes, with a note', async () => {
    await runEverywhere();
    const release = await stage({ index: 0 });
    expect(await inProduction(release, { index: 0 }, { index: 1 })).toMatchObject({
      rehearsed: 2,
      noted: [{ address: 'aws_instance.this[1]', note: expect.stringContaining('indexes aside') }],
    });
  });

  test('is partly what an apply that failed may have done', async () => {
    await runEverywhere();
    const failing = await world.release();
    plan(`stage1 ${failing}`, [UPDATE], 'fails');
    await world.bring(failing, 'dev1');
    expect((await world.finish(await world.deploy('stage1', failing))).status).toBe('failed');
    expect(await inProduction(await stage(), UPDATE)).toMatchObject({ rehearsed: 1, partly: 1, appliesKnown: true });
  });

  test('is nothing that Terraform refused to apply, or that nobody approved', async () => {
    await runEverywhere();
    const stale = await world.release();
    plan(`stage1 ${stale}`, [UPDATE], 'is-stale');
    await world.bring(stale, 'dev1');
    await rehearsalOf('stage1', stale);
    await world.finish(await world.deploy('stage1', stale));
    await world.finishIn('stage1');
    expect((await world.state('stage1')).applies).toBe(1);
    expect(await inProduction(await stage(), UPDATE)).toMatchObject({ rehearsed: 0, appliesKnown: true });
  });

  describe('counts from where the environment before first applied the release that runs here', () => {
    test('and not before', async () => {
      await stage(REPLACE);
      await world.succeed('prod1', 1);
      expect(await inProduction(await stage(UPDATE), REPLACE)).toMatchObject({ rehearsed: 0, appliesKnown: true });
    });

    test('however many releases came there since', async () => {
      await runEverywhere();
      await stage(REPLACE);
      await stage();
      expect(await inProduction(await stage(UPDATE), REPLACE, UPDATE)).toMatchObject({ rehearsed: 2 });
    });

    test('however many applies there were, up to those that are kept', async () => {
      await runEverywhere();
      const release = await stage(REPLACE);
      const [apply] = (await world.store.list(LISTINGS.appliedChanges('my-app', 'stage1'))).items;
      for (let order = 3; order <= MOST_APPLIES; order++)
        await world.write('appliedChanges', {
          ...STAGE1,
          deploymentId: apply?.deploymentId ?? '',
          ending: 'whole',
          order,
        });
      await world.changeState('stage1', { applies: MOST_APPLIES });
      expect(await inProduction(release, REPLACE, UPDATE)).toMatchObject({ rehearsed: 1, appliesKnown: false });
      for (let order = 3; order <= MOST_APPLIES; order++)
        await world.write('appliedChanges', {
          ...apply,
          ...STAGE1,
          deploymentId: apply?.deploymentId ?? '',
          ending: 'partly',
          order,
        });
      expect(await inProduction(release, REPLACE, UPDATE)).toMatchObject({
        rehearsed: 1,
        partly: 0,
        appliesKnown: true,
      });
    });

    test('and not from where it came there again', async () => {
      await runEverywhere();
      await stage(REPLACE);
      plan('stage1 1', [UPDATE]);
      await world.finish(await world.rollBack('stage1', 1));
      await world.changeState('stage1', { hold: null });
      expect(await inProduction(await stage(), REPLACE, UPDATE)).toMatchObject({ rehearsed: 2 });
    });

    test('also if it passed through there without changes', async () => {
      await runEverywhere();
      await stage(REPLACE);
      const passing = await stage();
      await world.succeed('prod1', passing);
      expect(await inProduction(await stage(UPDATE), REPLACE, UPDATE)).toMatchObject({
        rehearsed: 1,
        appliesKnown: true,
        unrehearsed: [{ why: `stage1 has not replaced it since it first applied release ${passing}, only updated it` }],
      });
    });

    test('in the order of applies and not of requests: a rollback overtakes a release that waits', async () => {
      await runEverywhere();
      const second = await stage(UPDATE);
      const third = await world.release();
      await world.bring(third, 'dev1');
      plan('stage1 1', [{ name: 'back' }]);
      plan(`stage1 ${third}`, [{ name: 'third' }]);
      const holder = await world.deploy('stage1', second);
      const waiting = await world.deploy('stage1', third);
      const rollback = await world.rollBack('stage1', 1);
      await world.finish(holder);
      await world.finish(rollback);
      await world.finish(waiting);
      const { items } = await world.store.list(LISTINGS.appliedChanges('my-app', 'stage1'), { limit: 2 });
      expect(items.map(({ deploymentId }) => deploymentId)).toEqual([waiting, rollback]);
    });

    test('or from the beginning, where nothing runs here yet', async () => {
      expect(await inProduction(await stage(REPLACE), REPLACE, UPDATE)).toMatchObject({
        rehearsed: 1,
        unrehearsed: [{ why: 'stage1 has not updated it since it was made, only replaced it' }],
      });
    });
  });

  test('is nothing that an earlier environment of the same name has done', async () => {
    await world.bring(await world.release(), 'stage1');
    await world.deploy('stage1', 1, { operation: 'destroy' });
    await world.finishIn('stage1');
    await requestRemoval(world, STAGE1, TOOLING);
    await world.finishIn('stage1');
    const settings = { stage: 'staging', accountId: '111111111111', region: 'eu-west-1' };
    await configureEnvironment(world, STAGE1, EnvironmentSettingsSchema.parse(settings), 'admin');
    expect(await inProduction(await stage(UPDATE), FIRST, UPDATE)).toMatchObject({ rehearsed: 1, appliesKnown: true });
  });

  describe('is not known', () => {
    test('of an apply that changed too much to be kept', async () => {
      await runEverywhere();
      const many = Array.from({ length: 6000 }, (_, at) => ({ name: `resource_${at}` }));
      const release = await stage(...many);
      expect(await inProduction(release, UPDATE)).toMatchObject({
        rehearsed: 0,
        appliesKnown: false,
        unrehearsed: [{ why: expect.stringContaining('not every apply there is known') }],
      });
    });

    test('of applies from before they were kept', async () => {
      await runEverywhere();
      const { applies: _uncounted, ...stored } = await world.state('stage1');
      await world.write('environmentState', stored);
      await world.store.transact(async (transaction) => {
        await transaction.get('firstApply', { ...STAGE1, release: 1 });
        transaction.delete('firstApply', { ...STAGE1, release: 1 });
        await transaction.get('appliedChanges', { ...STAGE1, order: 1 });
        transaction.delete('appliedChanges', { ...STAGE1, order: 1 });
      });
      const release = await stage(REPLACE);
      expect(await inProduction(release, REPLACE, UPDATE)).toMatchObject({
        rehearsed: 1,
        appliesKnown: false,
        unrehearsed: [{ why: expect.stringContaining('not every apply there is known') }],
      });
      await world.succeed('prod1', release);
      expect(await inProduction(await stage(UPDATE), UPDATE)).toMatchObject({ rehearsed: 1, appliesKnown: true });
    });

    test('of an apply whose plan was analysed before plans were kept', async () => {
      await runEverywhere();
      const release = await world.release();
      plan(`stage1 ${release}`, [UPDATE]);
      await world.bring(release, 'dev1');
      const id = await world.deploy('stage1', release);
      await world.workflow.run(id);
      await world.store.transact(async (transaction) => {
        await transaction.get('plannedChanges', { deploymentId: id });
        transaction.delete('plannedChanges', { deploymentId: id });
      });
      expect((await world.finish(id)).status).toBe('succeeded');
      expect(await inProduction(release, UPDATE)).toMatchObject({ rehearsed: 0, appliesKnown: false });
    });

    test('of applies before a release came there again, if its first time was not recorded', async () => {
      await runEverywhere();
      await stage(UPDATE);
      const { applies: _uncounted, ...stored } = await world.state('stage1');
      await world.write('environmentState', stored);
      await world.store.transact(async (transaction) => {
        for (const release of [1, 2]) {
          await transaction.get('firstApply', { ...STAGE1, release });
          transaction.delete('firstApply', { ...STAGE1, release });
          await transaction.get('appliedChanges', { ...STAGE1, order: release });
          transaction.delete('appliedChanges', { ...STAGE1, order: release });
          const outcome = await transaction.get('outcome', { ...STAGE1, release });
          if (!outcome) throw new Error(`release ${release} left no outcome`);
          const { ending: _ending, passed: _passed, ...older } = outcome;
          transaction.put('outcome', older);
        }
      });
      plan('stage1 1', [REPLACE]);
      await world.finish(await world.rollBack('stage1', 1));
      await world.changeState('stage1', { hold: null });
      expect(await inProduction(await stage(), REPLACE, UPDATE)).toMatchObject({
        rehearsed: 1,
        appliesKnown: false,
        unrehearsed: [{ why: expect.stringContaining('not every apply there is known') }],
      });
    });

    test('of more applies than are kept', async () => {
      await runEverywhere();
      await world.changeState('stage1', { applies: MOST_APPLIES });
      const release = await stage(REPLACE);
      const { items } = await world.store.list(LISTINGS.appliedChanges('my-app', 'stage1'), { limit: 10 });
      expect(items.map(({ order }) => order)).toEqual([MOST_APPLIES + 1]);
      expect(await inProduction(release, REPLACE, UPDATE)).toMatchObject({ rehearsed: 1, appliesKnown: false });
    });
  });

  describe('is asked of no plan', () => {
    test('in the first environment', async () => {
      await runEverywhere();
      plan('dev1 2', [UPDATE]);
      expect(await rehearsalOf('dev1', await world.release())).toBeUndefined();
    });

    test('without changes', async () => {
      await runEverywhere();
      expect(await inProduction(await stage(UPDATE))).toBeUndefined();
    });

    test('that changes records only', async () => {
      await runEverywhere();
      const moved = { actions: ['no-op'], previous: 'aws_instance.old' };
      expect(await inProduction(await stage(), moved)).toBeUndefined();
    });

    test('that destroys the environment', async () => {
      await runEverywhere();
      const id = await world.deploy('stage1', 1, { operation: 'destroy' });
      await world.workflow.run(id);
      const destruction = await world.deployment(id);
      expect(plannedOf(destruction)?.hasChanges).toBe(true);
      expect(plannedOf(destruction)?.rehearsal).toBeUndefined();
    });

    test('of an ephemeral environment, whose applies are not kept either', async () => {
      await runEverywhere();
      world.builds.terraform = () => ({ plan: 'changes', apply: 'succeeds' });
      await world.runningEphemeral('pr-1');
      const [deployment] = await world.history('pr-1');
      expect(deployment?.status).toBe('succeeded');
      expect(deployment && plannedOf(deployment)?.rehearsal).toBeUndefined();
      expect((await world.store.list(LISTINGS.appliedChanges('my-app', 'pr-1'))).items).toEqual([]);
    });
  });

  test('stops no ending, even if an earlier version of Stagegate took the count of applies away', async () => {
    await runEverywhere();
    await stage(REPLACE);
    await world.succeed('prod1', await stage(UPDATE));
    const { applies: _uncounted, ...stored } = await world.state('stage1');
    await world.write('environmentState', stored);
    const release = await stage(UPDATE);
    expect(await world.state('stage1')).toMatchObject({ deployed: { release }, holder: null });
    expect(await inProduction(release, UPDATE, CREATE)).toMatchObject({ rehearsed: 1, appliesKnown: false });
    await stage(UPDATE);
    await world.succeed('prod1', await stage(REPLACE));
    expect(await inProduction(await stage(UPDATE), UPDATE, REPLACE)).toMatchObject({
      rehearsed: 1,
      appliesKnown: true,
    });
  });

  test('is asked in every later environment, of the one right before', async () => {
    await runEverywhere();
    const release = await world.release();
    plan(`dev1 ${release}`, [UPDATE]);
    plan(`stage1 ${release}`, [UPDATE]);
    await world.bring(release, 'dev1');
    expect(await rehearsalOf('stage1', release)).toMatchObject({ environment: 'dev1', rehearsed: 1, of: 1 });
  });

  test('stops nothing: what nobody rehearsed is approved and applied', async () => {
    await runEverywhere();
    const release = await stage();
    plan(`prod1 ${release}`, [UPDATE]);
    expect((await world.finish(await world.deploy('prod1', release))).status).toBe('succeeded');
  });

  test('is shown with the deployment, and told in the mail', async () => {
    await runEverywhere();
    const release = await stage(REPLACE);
    plan(`prod1 ${release}`, [REPLACE, UPDATE, { name: 'new', ...CREATE }]);
    const id = await world.deploy('prod1', release);
    await world.workflow.run(id);
    const { rehearsal } = await viewDeployment(world.store, await world.deployment(id), undefined);
    expect(rehearsal).toMatchObject({ environment: 'stage1', rehearsed: 1, of: 3 });
    expect(rehearsal?.unrehearsed.map(({ address }) => address)).toEqual(['aws_instance.this', 'aws_instance.new']);
    const mails = world.mail.sent.map(({ body }) => body);
    expect(mails.filter((body) => body.includes('1 of 3 changes was rehearsed in stage1'))).not.toEqual([]);
    const [first] = await world.history('dev1');
    expect(first && (await viewDeployment(world.store, first, undefined)).rehearsal).toBeNull();
  });
});
