import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { configureApplication } from '../../../lambdas/domain/application/configure-application.ts';
import { adjustEnvironment } from '../../../lambdas/domain/environment/adjust-environment.ts';
import { DomainError } from '../../../lambdas/domain/errors.ts';
import { checkRecords } from '../../../lambdas/domain/health/check-records.ts';
import { LISTINGS } from '../../../lambdas/domain/model/table/listings.ts';
import { automaticTarget } from '../../../lambdas/domain/release/promote.ts';
import { listAll } from '../../../lambdas/domain/transaction/list-all.ts';
import { anEnvironment } from '../../harness/builders.ts';
import { TOOLING, World } from '../../harness/world.ts';

const PIPELINES = [
  ['dev1', 'stage1', 'stage2', 'prod1'],
  ['dev1', 'stage2', 'stage1', 'prod1'],
];
const ALL = ['dev1', 'stage1', 'stage2'];
const MINUTE = 61;

/** The newest successes that are to be promoted by what is in force now, and were not: found by looking at everything. */
async function owed(world: World): Promise<string[]> {
  const found: string[] = [];
  for (const environment of ALL) {
    const { deployed } = await world.state(environment);
    if (!deployed || !(await automaticTarget(world.store, 'my-app', environment))) continue;
    const made = await world.store.get('promotion', { sourceDeploymentId: deployed.deploymentId });
    if (!made) found.push(environment);
  }
  return found;
}

const noted = async (world: World): Promise<string[]> =>
  (await listAll(world.store, LISTINGS.owedPromotions())).map(({ environment }) => environment);

/** Returns how often each success was promoted. */
async function promotions(world: World): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const environment of [...ALL, 'prod1'])
    for (const { requestedBy } of await world.history(environment))
      if (requestedBy.principal.includes('promotion'))
        counts.set(requestedBy.principal, (counts.get(requestedBy.principal) ?? 0) + 1);
  return counts;
}

/** Sets the order of the staging environments, and whether development promotes by itself. */
async function configure(world: World, pipeline: readonly string[], autoPromote: boolean): Promise<void> {
  const current = await world.store.get('application', { name: 'my-app' });
  if (!current) throw new Error('there is no application');
  const { name, createdAt: _made, updatedAt: _changed, ...settings } = current;
  const policy = { development: { autoPromote }, staging: { autoPromote: true } };
  await configureApplication(world, name, { ...settings, pipeline: [...pipeline], policy }, 'admin');
}

const hold = (world: World, environment: string, isHeld: boolean) =>
  adjustEnvironment(world, { application: 'my-app', environment }, { hold: isHeld, reason: 'a test' }, TOOLING);

/** What may happen; `which` chooses among what there is. */
const HAPPENINGS: Readonly<Record<string, (world: World, which: number) => Promise<unknown>>> = {
  'a release succeeds': async (world) => world.succeed('dev1', await world.release()),
  'the event is delivered, sooner or later': async (world, which) => {
    const environment = ALL[which % ALL.length] ?? '';
    const past = (await world.history(environment)).filter(({ status }) => status === 'succeeded');
    const source = past[which % Math.max(1, past.length)];
    if (source) await world.promote(source.id);
  },
  'staging runs': (world, which) => world.finishIn(ALL[1 + (which % 2)] ?? ''),
  'a rollback': async (world, which) => {
    const { deployed } = await world.state('dev1');
    if (deployed?.release) await world.finish(await world.rollBack('dev1', 1 + (which % deployed.release)));
  },
  'a hold': (world, which) => hold(world, ALL[which % ALL.length] ?? '', which % 2 === 0),
  'other settings': (world, which) => configure(world, PIPELINES[which % 2] ?? [], which % 3 > 0),
  'everything is destroyed': async (world) => {
    const { deployed } = await world.state('dev1');
    if (deployed) await world.finish(await world.deploy('dev1', deployed.release ?? 0, { operation: 'destroy' }));
  },
  'a minute passes': async (world) => world.surroundings.advance(MINUTE),
  'the reconciler runs': (world) => world.reconcile(),
};
const WEIGHTED = Object.entries(HAPPENINGS).flatMap(([name, happen]) =>
  Array.from({ length: name === 'a release succeeds' ? 2 : 1 }, () => ({ name, happen })),
);

async function furnished(): Promise<World> {
  const world = await World.open();
  await world.write('environment', anEnvironment({ name: 'stage2', stage: 'staging' }));
  await configure(world, PIPELINES[0] ?? [], true);
  return world;
}

test('whatever happens in whatever order: what is owed is noted, is made once, and no note stays', async () => {
  const happening = fc.record({ of: fc.constantFrom(...WEIGHTED), which: fc.nat({ max: 30 }) });
  await fc.assert(
    fc.asyncProperty(fc.array(happening, { minLength: 8, maxLength: 24 }), async (history) => {
      const world = await furnished();
      for (const { of, which } of history) {
        await of.happen(world, which).catch((error: unknown) => {
          // Refused by a rule: then it has not happened.
          if (!(error instanceof DomainError)) throw error;
        });
        expect(await noted(world)).toEqual(expect.arrayContaining(await owed(world)));
      }
      // Everything comes to rest.
      for (let round = 0; round < 4; round++) {
        world.surroundings.advance(MINUTE);
        await world.reconcile();
        for (const environment of ALL) await world.finishIn(environment);
      }
      world.surroundings.advance(MINUTE);
      await world.reconcile();
      expect({ owed: await owed(world), noted: await noted(world) }).toEqual({ owed: [], noted: [] });
      expect([...(await promotions(world)).values()].filter((count) => count > 1)).toEqual([]);
    }),
    { numRuns: Number(process.env.STAGEGATE_HISTORIES ?? 8), seed: Number(process.env.STAGEGATE_SEED ?? 14) },
  );
});

test('a success without a note, as older versions left it, is found by the daily look and then promoted', async () => {
  const world = await furnished();
  const id = await world.succeed('dev1', await world.release());
  await world.store.transact(async (transaction) => {
    const where = { application: 'my-app', environment: 'dev1' };
    if (await transaction.get('owedPromotion', where)) transaction.delete('owedPromotion', where);
  });
  world.surroundings.advance(MINUTE);
  expect(await world.reconcile()).toEqual([]);
  expect(await checkRecords(world)).toMatchObject({ owing: ['my-app/dev1'], unreadable: [], failures: [] });
  expect(await world.reconcile()).toMatchObject([{ deploymentId: id, action: 'promoted' }]);
  expect(await checkRecords(world)).toMatchObject({ owing: [] });
  expect(await noted(world)).toEqual([]);
});
