import { beforeEach, describe, expect, test } from '@jest/globals';
import { runPrefix } from '../../../lambdas/domain/build/run-prefix.ts';
import { runObjectKey } from '../../../lambdas/domain/contract/run-objects.ts';
import { liftProtection } from '../../../lambdas/domain/environment/lift-protection.ts';
import { plannedOf } from '../../../lambdas/domain/model/deployment.ts';
import { LISTINGS } from '../../../lambdas/domain/model/table/listings.ts';
import { analyseAsWorkflow } from '../../harness/analyse-as-workflow.ts';
import { anApplication, anEnvironment, aRelease, DIGEST, OTHER_DIGEST } from '../../harness/builders.ts';
import { leavePlan, type PlanKind, stateKey } from '../../harness/plan-artifacts.ts';
import { ALICE, CAROL, World } from '../../harness/world.ts';

describe('analysing the plan of a deployment', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.open();
    await world.bring(await world.release(), 'stage1');
  });
  const planning = async (environment: string, kind: PlanKind = 'changes', facts = {}): Promise<string> => {
    const id = await world.deploy(environment, 1);
    await leavePlan(world.artifacts, await world.deployment(id), kind, facts);
    return id;
  };
  const analyze = (id: string) => analyseAsWorkflow(world, id);

  describe('what comes next', () => {
    test.each([
      ['dev1', 'changes', 'apply', []],
      ['stage1', 'changes', 'gates', ['staff']],
      ['prod1', 'changes', 'gates', ['staff', 'client']],
      ['prod1', 'no-changes', 'no-changes', []],
    ] as const)('in %s with %s is %s', async (environment, kind, next, gates) => {
      expect(await analyze(await planning(environment, kind))).toEqual({ next, gates });
    });

    test.each([
      ['terraform', { name: 'terraform', version: '1.11.4' }],
      ['tofu', { name: 'opentofu', version: '1.10.6' }],
    ] as const)('is recorded with the engine that made the plan: %s', async (name, engine) => {
      const id = await planning('dev1', 'changes', { engine: { name, version: engine.version } });
      await analyze(id);
      expect(plannedOf(await world.deployment(id))?.engine).toEqual(engine);
    });

    test('is said beside what the build found in the provider cache', async () => {
      const providers = { hits: 2, misses: 1, mismatches: 1 };
      expect(await analyze(await planning('dev1', 'changes', { providers }))).toEqual({
        next: 'apply',
        gates: [],
        providers,
      });
    });

    test('is the cancellation that was asked for meanwhile', async () => {
      const id = await planning('stage1');
      await world.cancel(id);
      expect((await analyze(id)).next).toBe('canceled');
    });

    test('asks as many people as the policy of the stage wants', async () => {
      await world.write('application', anApplication({ policy: { staging: { staff: 2, client: 3 } } }));
      const id = await planning('stage1');
      await analyze(id);
      expect(plannedOf(await world.deployment(id))?.gates).toEqual([
        { gate: 'staff', required: 2 },
        { gate: 'client', required: 3 },
      ]);
    });
  });

  describe('a plan without changes', () => {
    test('counts for nothing when the release has lost its proof in the environment before', async () => {
      const id = await planning('prod1', 'no-changes');
      world.builds.terraform = () => ({ plan: 'fails', apply: 'fails' });
      await world.finish(await world.deploy('stage1', 1));
      expect((await analyze(id)).next).toBe('blocked');
      expect((await world.deployment(id)).blocking).toMatchObject({ reason: 'not-succeeded-before' });
    });

    test('that nobody asked for counts for nothing while the environment is on hold', async () => {
      await world.release();
      await world.succeed('dev1', 2);
      const id = await world.deploy('stage1', 2, { automatic: true });
      await leavePlan(world.artifacts, await world.deployment(id), 'no-changes');
      const at = world.surroundings.now();
      await world.changeState('stage1', { hold: { reason: 'storm', by: { principal: 'x' }, at } });
      expect((await analyze(id)).next).toBe('blocked');
    });
  });

  test('keeps the digest, the artifacts and the headline with the deployment, and the analysis in the bucket', async () => {
    const id = await planning('stage1', 'changes', { digest: DIGEST, state: { serial: 4, lineage: 'l' } });
    await analyze(id);
    const planned = plannedOf(await world.deployment(id));
    expect(planned).toMatchObject({
      digest: DIGEST,
      round: 1,
      hasChanges: true,
      state: { serial: 4, lineage: 'l' },
      headline: { summary: { add: 1, destroy: 0 } },
    });
    const { key = '', versionId } = planned?.analysis ?? {};
    expect((await world.artifacts.getJson(key, versionId))?.value).toMatchObject({
      changeDigest: planned?.changeDigest,
    });
  });

  test('keeps what the environment will consist of, whatever is planned after it', async () => {
    const id = await planning('stage1');
    const configuration = () => world.store.get('configuration', { deploymentId: id });
    await analyze(id);
    const nothing = { modules: [], variables: [], providers: [], rootResources: [] };
    expect(await configuration()).toEqual({ deploymentId: id, ...nothing });
    const module_calls = { web: { source: './web', expressions: { size: {} }, module: {} } };
    const root_module = { module_calls, variables: { size: {} } };
    const plan = { format_version: '1.2', applyable: false, complete: true, configuration: { root_module } };
    const prefix = runPrefix(await world.deployment(id));
    const planJson = await world.artifacts.putJson(`${prefix}plan/again.json`, plan);
    await leavePlan(world.artifacts, await world.deployment(id), 'no-changes', { planJson, digest: OTHER_DIGEST });
    await analyze(id);
    const { commit } = await world.deployment(id);
    expect(await configuration()).toMatchObject({
      modules: [{ call: 'module.web', source: './web', version: commit, arguments: ['size'] }],
      variables: ['size'],
    });
  });

  test('prices with the sheet of the installation when it is a newer one', async () => {
    const row = 'x,y,type=aws_thing,region=eu-west-1&as_of=2030-01-01,0.01,t,USD';
    const header = 'service,product_family,match_set,pricing_match_set,price,price_type,ccy';
    world.artifacts.putText(world.priceSheetKey, `${header}\n${row}`);
    const id = await planning('stage1');
    const deployment = await world.deployment(id);
    const thing = { address: 'aws_thing.a', mode: 'managed', type: 'aws_thing', name: 'a' };
    const resource_changes = [{ ...thing, change: { actions: ['create'], before: null, after: { size: 1 } } }];
    const plan = { format_version: '1.2', applyable: true, complete: true, resource_changes, configuration: {} };
    const planJson = await world.artifacts.putJson(`${runPrefix(deployment)}plan/thing.json`, plan);
    await leavePlan(world.artifacts, deployment, 'changes', { planJson });
    await analyze(id);
    expect(plannedOf(await world.deployment(id))?.headline.cost).toMatchObject({
      monthlyDelta: 7.3,
      sheetDate: '2030-01-01',
    });
  });

  test('says so, in the analysis and the story, when that sheet cannot be used', async () => {
    world.artifacts.putText(world.priceSheetKey, 'not a sheet');
    const id = await planning('stage1');
    expect((await analyze(id)).next).toBe('gates');
    const { key = '', versionId } = plannedOf(await world.deployment(id))?.analysis ?? {};
    const message = expect.stringMatching(/prices\/prices\.csv: line 1, column .*the bundled price sheet is used/);
    expect((await world.artifacts.getJson(key, versionId))?.value).toMatchObject({ notices: [message] });
    const { items } = await world.store.list(LISTINGS.events(id));
    expect(items.filter(({ type }) => type === 'price-sheet-refused')).toMatchObject([{ details: { message } }]);
  });

  test('believes the build about the engine: a plan of OpenTofu is complete though it does not say so', async () => {
    const silent = { format_version: '1.2', terraform_version: '1.6.0', configuration: { root_module: {} } };
    const incomplete = async (name: 'terraform' | 'tofu') => {
      const id = await planning(name === 'tofu' ? 'stage1' : 'dev1');
      const deployment = await world.deployment(id);
      const planJson = await world.artifacts.putJson(`${runPrefix(deployment)}plan/silent.json`, silent);
      const engine = { name, version: '1.6.0' };
      await leavePlan(world.artifacts, deployment, 'changes', { planJson, engine, digest: OTHER_DIGEST });
      await analyze(id);
      return plannedOf(await world.deployment(id))?.headline.complete;
    };
    expect([await incomplete('terraform'), await incomplete('tofu')]).toEqual([false, true]);
  });

  test('again for the same plan answers the same, in the same round', async () => {
    const id = await planning('stage1');
    const first = await analyze(id);
    expect(await analyze(id)).toEqual(first);
    expect(plannedOf(await world.deployment(id))?.round).toBe(1);
  });

  describe('fails', () => {
    test('when the build left nothing', async () => {
      const id = await world.deploy('dev1', 1);
      await expect(analyze(id)).rejects.toMatchObject({ name: 'BuildResultError' });
    });

    test('when the build left a result that does not fit', async () => {
      const id = await planning('dev1');
      await world.artifacts.putJson(runObjectKey(runPrefix(await world.deployment(id)), 'planResult'), { ok: true });
      await expect(analyze(id)).rejects.toMatchObject({ name: 'BuildResultError' });
    });

    test.each(['bundle', 'planJson', 'modules'])('when the %s is one of another deployment', async (part) => {
      const foreign = { key: 'runs/other-dev1-1-abcdef/0/plan/it', versionId: 'v1' };
      const id = await planning('dev1', 'changes', { [part]: foreign });
      await expect(analyze(id)).rejects.toThrow('not an artifact of its own run');
    });

    test('when another operation was planned than asked for', async () => {
      await expect(analyze(await planning('dev1', 'changes', { operation: 'destroy' }))).rejects.toThrow(
        'planned destroy instead of deploy',
      );
    });

    test('for a deployment that is not planning, which keeps its plan', async () => {
      const id = (await world.history('dev1'))[0]?.id ?? '';
      const before = await world.deployment(id);
      await expect(analyze(id)).rejects.toMatchObject({ name: 'NotHolderError' });
      await expect(analyze('my-app-dev1-99-abcdef')).rejects.toMatchObject({ name: 'NotHolderError' });
      expect(await world.deployment(id)).toEqual(before);
    });

    test('is refused to a deployment that no longer holds its environment, and changes nothing', async () => {
      const id = await planning('dev1');
      const before = await world.deployment(id);
      await world.changeState('dev1', { holder: null });
      await expect(analyze(id)).rejects.toMatchObject({ name: 'NotHolderError' });
      expect(await world.deployment(id)).toEqual(before);
    });
  });

  describe('rule 6: a state address', () => {
    const at = (key: string) => ({
      backend: { type: 's3' as const, bucket: 'acme-state', key, region: 'eu-west-1' },
    });
    const reasonAt = async (key: string) => {
      const id = await planning('dev1', 'changes', at(key));
      const { next } = await analyze(id);
      return next === 'blocked' ? (await world.deployment(id)).blocking?.reason : next;
    };

    test('belongs to the environment that planned there first', async () => {
      const address = `acme-state/${stateKey({ application: 'my-app', environment: 'stage1' })}`;
      expect(await world.store.get('stateClaim', { address })).toMatchObject({ environment: 'stage1' });
    });

    test('cannot be another one later', async () => {
      expect(await reasonAt('apps/my-app/dev1/moved.tfstate')).toBe('state-address-moved');
      expect(
        await world.store.get('stateClaim', { address: 'acme-state/apps/my-app/dev1/moved.tfstate' }),
      ).toBeUndefined();
    });

    test('of somebody else is refused before any gate opens', async () => {
      const address = `acme-state/${stateKey({ application: 'my-app', environment: 'prod1' })}`;
      const claim = { address, application: 'other', environment: 'dev1', at: world.surroundings.now() };
      await world.write('stateClaim', claim);
      const id = await planning('prod1');
      expect((await analyze(id)).next).toBe('blocked');
      expect((await world.deployment(id)).blocking).toMatchObject({
        reason: 'state-address-taken',
        message: expect.stringContaining('other/dev1'),
      });
      expect(await world.store.get('stateClaim', { address })).toEqual(claim);
    });

    test('asked for by two environments at the same time goes to one of them', async () => {
      const fresh = await World.open();
      await fresh.release();
      await fresh.write('application', anApplication({ name: 'other', pipeline: ['dev1'] }));
      await fresh.write('environment', anEnvironment({ application: 'other' }));
      await fresh.write('release', aRelease({ application: 'other' }));
      const ids = await Promise.all(['my-app', 'other'].map((application) => fresh.deploy('dev1', 1, { application })));
      for (const id of ids)
        await leavePlan(fresh.artifacts, await fresh.deployment(id), 'changes', at('shared.tfstate'));
      const verdicts = await Promise.all(ids.map((id) => analyseAsWorkflow(fresh, id)));
      expect(verdicts.map(({ next }) => next).sort()).toEqual(['apply', 'blocked']);
    });
  });

  describe('rule 7: a protected environment', () => {
    const destroying = async () => {
      await world.change('stage1', { deletionProtection: true });
      const where = { application: 'my-app', environment: 'stage1' };
      await liftProtection(world, where, { address: 'stage1', reason: 'the client has left' }, { principal: 'x' });
      return world.deploy('stage1', 1, { operation: 'destroy' });
    };

    test('is destroyed under a lift for it, behind both gates, and the lift is used up', async () => {
      const id = await destroying();
      await world.workflow.run(id);
      expect(plannedOf(await world.deployment(id))).toMatchObject({ lifts: ['stage1'], isProtected: true });
      await world.decide(id, ALICE);
      await world.workflow.run(id);
      await world.decide(id, CAROL);
      await world.workflow.run(id);
      expect(await world.statusOf(id)).toBe('succeeded');
      const { items } = await world.store.list(LISTINGS.protectionLifts('my-app', 'stage1'));
      expect(items).toMatchObject([{ address: 'stage1', lifts: [{ usedBy: { deploymentId: id } }] }]);
      await expect(world.deploy('stage1', 1, { operation: 'destroy' })).rejects.toMatchObject({ name: 'RefusedError' });
    });

    test('is not destroyed when the lift was used by another deployment meanwhile', async () => {
      const id = await destroying();
      await world.workflow.run(id);
      await world.decide(id, ALICE);
      await world.workflow.run(id);
      await world.decide(id, CAROL);
      const used = { deploymentId: 'my-app-stage1-9-abcdef', at: world.surroundings.now() };
      const lift = { reason: 'the client has left', by: { principal: 'x' }, at: used.at, usedBy: used };
      const where = { application: 'my-app', environment: 'stage1', address: 'stage1' };
      await world.write('protectionLifts', { ...where, lifts: [lift] });
      await world.workflow.run(id);
      expect(await world.statusOf(id)).toBe('blocked');
      expect(await world.reasonOf(id)).toBe('lift-used');
    });
  });
});
