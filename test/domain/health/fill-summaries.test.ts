import { beforeEach, describe, expect, test } from '@jest/globals';
import { checkRecords } from '../../../lambdas/domain/health/check-records.ts';
import { fillSummaries } from '../../../lambdas/domain/health/fill-summaries.ts';
import type { Delivery } from '../../../lambdas/domain/model/delivery/delivery.ts';
import type { Store } from '../../../lambdas/domain/ports.ts';
import { TestApi } from '../../api/test-api.ts';
import { World } from '../../harness/world.ts';

const PROD = { application: 'my-app', environment: 'prod1' };

/** After an update from a version that kept no verdicts and counted nothing. */
describe('records of a version without summaries', () => {
  let world: World;
  let counted: Delivery | undefined;
  beforeEach(async () => {
    world = await World.open();
    await world.bring(await world.release(), 'prod1');
    world.surroundings.advance(86_400);
    await world.bring(await world.release(), 'prod1');
    await world.finish(await world.rollBack('prod1', 1));
    world.builds.terraform = () => ({ plan: 'changes', apply: 'fails' });
    await world.finish(await world.deploy('dev1', await world.release()));
    counted = await world.store.get('delivery', PROD);
    await asBefore();
  });

  /** Takes away what the earlier version did not write. */
  async function asBefore(): Promise<void> {
    await world.store.transact(async (transaction) => {
      for (const environment of ['dev1', 'stage1', 'prod1']) {
        const state = await transaction.get('environmentState', { application: 'my-app', environment });
        if (!state) continue;
        const { lastVerdict: _new, ...older } = state;
        transaction.put('environmentState', older);
      }
      if (await transaction.get('delivery', PROD)) transaction.delete('delivery', PROD);
    });
  }
  async function summary() {
    const { body } = await new TestApi(world.store).get('/applications', { include: 'pipeline' });
    return body.items[0].summary;
  }
  const statuses = async (): Promise<string[]> =>
    (await summary()).environments.map(({ environment }: { environment: { status: string } }) => environment.status);

  test('show the right status at once, and say that the figures are not complete', async () => {
    expect(await statuses()).toEqual(['failed', 'succeeded', 'succeeded']);
    expect((await summary()).delivery).toMatchObject({ since: null, isComplete: false });
  });

  test('are completed by the daily look, as if everything had been counted, and once', async () => {
    const before = await summary();
    expect((await checkRecords(world)).filled.toSorted()).toEqual(['my-app/dev1', 'my-app/prod1', 'my-app/stage1']);
    const { environments, delivery } = await summary();
    expect(environments).toEqual(before.environments);
    expect(delivery).toMatchObject({ since: counted?.since, isComplete: true });
    expect(await world.store.get('delivery', PROD)).toEqual({ ...counted, isWhole: true });
    expect((await world.state('dev1')).lastVerdict).toMatchObject({ status: 'failed' });
    expect((await checkRecords(world)).filled).toEqual([]);
  });

  test('count what ends before the daily look, which then adds the rest', async () => {
    world.builds.terraform = () => ({ plan: 'changes', apply: 'succeeds' });
    world.surroundings.advance(60);
    const id = await world.deploy('prod1', 2);
    await world.finish(id);
    const partly = await world.store.get('delivery', PROD);
    expect(partly).toMatchObject({ isWhole: false, days: [{ deployed: 1 }] });
    expect((await summary()).delivery.isComplete).toBe(false);
    const application = await world.store.get('application', { name: 'my-app' });
    if (!application) throw new Error('the world has no application');
    // The index may not show the ending yet.
    expect(await fillSummaries(world, application)).not.toContain('my-app/prod1');
    world.surroundings.advance(3600);
    expect(await fillSummaries(world, application)).toEqual(['my-app/prod1']);
    const days = (counted?.days ?? []).map(({ deployed }) => deployed);
    const whole = await world.store.get('delivery', PROD);
    expect(whole).toMatchObject({ isWhole: true, since: counted?.since, newestRelease: 2 });
    expect(whole?.days.reduce((sum, { deployed }) => sum + deployed, 0)).toBe(
      days.reduce((sum, deployed) => sum + deployed, 0) + 1,
    );
  });

  test('are left alone if something is counted at the same time', async () => {
    const racing: Store = {
      ...pass(world.store),
      async transact(attempt, ahead) {
        await world.write('delivery', { ...begun, days: [] });
        return world.store.transact(attempt, ahead);
      },
    };
    const begun = {
      ...PROD,
      since: world.surroundings.now(),
      lastEnding: world.surroundings.now(),
      isWhole: false,
      newestRelease: 2,
    };
    const application = await world.store.get('application', { name: 'my-app' });
    if (!application) throw new Error('the world has no application');
    await fillSummaries({ store: racing, surroundings: world.surroundings }, application);
    expect(await world.store.get('delivery', PROD)).toEqual({ ...begun, days: [] });
  });
});

const pass = (store: Store): Store => ({
  get: (kind, key) => store.get(kind, key),
  list: (listing, page) => store.list(listing, page),
  readAhead: () => store.readAhead(),
  transact: (attempt, ahead) => store.transact(attempt, ahead),
});
