import { beforeEach, describe, expect, test } from '@jest/globals';
import { commitOf } from '../../harness/builders.ts';
import { identityOf } from '../../harness/plan-artifacts.ts';
import { ProofWorld } from '../../harness/proof-world.ts';
import { ALICE, CAROL } from '../../harness/world.ts';

/** Rule 1, the second half: which plans are judged, which sources are exempt, and what stages do. */
let proof: ProofWorld;
const of = (web: string) => ({ modules: { web } });
beforeEach(async () => {
  proof = await ProofWorld.open();
  await proof.everywhere(of('v1'));
});

const NOT_PROVEN = { status: 'blocked', error: { reason: 'not-proven-before' } };

describe('an installation from before there were ledgers', () => {
  const inProductionOnly = () => proof.upToStaging({ ...of('v1'), prod1: of('v2') });

  test('informs in production until the environment before has its first entry', async () => {
    const second = await inProductionOnly();
    await proof.forgetLedger('stage1');
    const applied = await proof.bring(second, 'prod1');
    expect(applied).toMatchObject({ status: 'succeeded', planned: { proof: { mode: 'inform', lifts: [] } } });
    expect(await proof.proofOf(applied)).toMatchObject({
      mode: 'inform',
      unproven: [{ calls: ['module.web'], isLifted: false }],
      notes: [expect.stringContaining('stage1 has not recorded yet')],
    });
    proof.change(second, { ...of('v1'), prod1: of('v3') });
    await proof.bring(second, 'stage1');
    expect(await proof.bring(second, 'prod1')).toMatchObject(NOT_PROVEN);
  });

  test('never blocks what production runs already under the same name, source and version', async () => {
    const tagged = (content: string, version: string) => ({
      modules: { web: { name: 'web', content, source: `git::https://git.example/web?ref=${version}` } },
    });
    await proof.everywhere(tagged('v1', 'v1.4.0'));
    await proof.forgetLedger('prod1');
    const other = 'other content, or the same: nobody knows what ran';
    const third = await proof.upToStaging({ modules: {}, prod1: tagged(other, 'v1.5.0') });
    expect(await proof.bring(third, 'prod1')).toMatchObject(NOT_PROVEN);
    await proof.everywhere({ modules: {}, prod1: tagged(other, 'v1.4.0') });
  });

  test('does not take a module at a local path for what production runs: its version is the commit', async () => {
    await proof.forgetLedger('prod1');
    const second = await proof.upToStaging({ modules: {}, prod1: of('v2') });
    expect(await proof.bring(second, 'prod1')).toMatchObject(NOT_PROVEN);
  });

  test('blocks what production does not run under that name', async () => {
    await proof.forgetLedger('prod1');
    const second = await proof.upToStaging({ modules: {}, prod1: { modules: { web: 'v1', waf: 'w1' } } });
    const blocked = await proof.bring(second, 'prod1');
    expect(blocked).toMatchObject(NOT_PROVEN);
    const found = await proof.proofOf(blocked);
    expect(found).toMatchObject({ of: 2, proven: 1, notes: [expect.stringContaining('prod1 has not recorded yet')] });
    expect(found).not.toHaveProperty('engine');
  });

  test('does not stop production for an engine or provider that it may run already', async () => {
    await proof.forgetLedger('prod1');
    await proof.everywhere({ ...of('v1'), prod1: { ...of('v1'), engineVersion: '1.13.0' } });
    // The success has begun the ledger of production.
    const third = await proof.upToStaging({ ...of('v1'), prod1: { ...of('v1'), engineVersion: '1.14.0' } });
    expect(await proof.bring(third, 'prod1')).toMatchObject({ error: { reason: 'engine-not-proven' } });
  });

  test('applies a plan that was made before the update', async () => {
    const { world } = proof;
    const second = await proof.upToStaging({ ...of('v1'), prod1: of('v1') });
    const id = await world.deploy('prod1', second);
    await world.workflow.run(id);
    await world.decide(id, ALICE);
    await world.workflow.run(id);
    const waiting = await world.deployment(id);
    if (waiting.status !== 'awaiting_approval') throw new Error(`it is ${waiting.status}`);
    const { proof: _, ...planned } = waiting.planned;
    await world.write('deployment', { ...waiting, planned });
    await world.store.transact(async (transaction) => {
      await transaction.get('composition', { deploymentId: id });
      transaction.delete('composition', { deploymentId: id });
    });
    await proof.forgetLedger('stage1');
    await world.decide(id, CAROL);
    await world.workflow.run(id);
    expect(await world.statusOf(id)).toBe('succeeded');
  });
});

describe('an exempt source', () => {
  const vpc = (content: string) => ({ name: 'vpc', content, source: 'terraform-aws-modules/vpc/aws' });

  test('is let through for every version, is shown, and needs no lift', async () => {
    await proof.world.furnish({
      policy: { proof: { exempt: ['registry.terraform.io/terraform-aws-modules/vpc/aws/'] } },
    });
    const second = await proof.upToStaging({ ...of('v1'), prod1: { modules: { web: 'v1', vpc: vpc('p9') } } });
    const applied = await proof.bring(second, 'prod1');
    expect(applied).toMatchObject({ status: 'succeeded', planned: { proof: { lifts: [] } } });
    expect(await proof.proofOf(applied)).toMatchObject({
      of: 2,
      proven: 1,
      unproven: [],
      exempt: [{ call: 'module.vpc', source: 'terraform-aws-modules/vpc/aws' }],
    });
  });

  test.each(['terraform-aws-modules/vpc', 'terraform-aws-modules', 'vpc/aws', 'terraform-aws-modules/vpc/aws2'])(
    'is compared as a whole: "%s" is another',
    async (exempt) => {
      await proof.world.furnish({ policy: { proof: { exempt: [exempt] } } });
      const second = await proof.upToStaging({ ...of('v1'), prod1: { modules: { web: 'v1', vpc: vpc('p9') } } });
      expect(await proof.bring(second, 'prod1')).toMatchObject(NOT_PROVEN);
    },
  );

  test('that is no longer exempt when the plan is to be applied stops it', async () => {
    const { world } = proof;
    await world.furnish({ policy: { proof: { exempt: ['terraform-aws-modules/vpc/aws'] } } });
    const second = await proof.upToStaging({ ...of('v1'), prod1: { modules: { web: 'v1', vpc: vpc('p9') } } });
    const id = await world.deploy('prod1', second);
    await world.workflow.run(id);
    await world.decide(id, ALICE);
    await world.workflow.run(id);
    await world.furnish({ policy: {} });
    await world.decide(id, CAROL);
    await world.workflow.run(id);
    expect(await world.deployment(id)).toMatchObject(NOT_PROVEN);
  });
});

describe('staging', () => {
  test('is told, and goes on', async () => {
    const second = await proof.through({ ...of('v1'), stage1: of('v2') }, 'dev1', 'stage1');
    const applied = await proof.bring(second, 'stage1');
    expect(await proof.proofOf(applied)).toMatchObject({ previous: 'dev1', mode: 'inform' });
  });

  describe('with proof: block', () => {
    beforeEach(async () => {
      await proof.world.furnish({ policy: { staging: { proof: 'block' }, development: { autoPromote: true } } });
    });

    test('is blocked, whoever asks: a person or the promotion', async () => {
      const second = await proof.release({ ...of('v1'), stage1: of('v2') });
      const first = await proof.bring(second, 'dev1');
      const promoted = await proof.world.promote(first.id);
      expect(promoted).toBeDefined();
      expect(await proof.world.finish(promoted ?? '')).toMatchObject({ automatic: true, ...NOT_PROVEN });
      expect(await proof.bring(second, 'stage1')).toMatchObject({ automatic: false, ...NOT_PROVEN });
      expect(
        await proof.world.store.get('outcome', { application: 'my-app', environment: 'stage1', release: second }),
      ).toMatchObject({ succeeded: false, ending: 'blocked' });
    });

    test('is lifted in staging, not in production', async () => {
      const second = await proof.through({ ...of('v1'), stage1: of('v2') }, 'dev1');
      await proof.lift({ content: 'v2' }, 'prod1');
      expect(await proof.bring(second, 'stage1')).toMatchObject(NOT_PROVEN);
      await proof.lift({ content: 'v2' }, 'stage1');
      const applied = await proof.bring(second, 'stage1');
      expect(applied).toMatchObject({
        status: 'succeeded',
        planned: { gates: [{ gate: 'staff' }, { gate: 'client' }] },
      });
      expect(await proof.proofOf(applied)).toMatchObject({
        unproven: [
          {
            isLifted: true,
            reason: 'agreed with the client on the telephone',
            // No advice what to do instead of lifting.
            text: expect.not.stringContaining('or lift'),
          },
        ],
      });
    });

    test('stops a plan that was made while it only informed', async () => {
      const { world } = proof;
      await world.furnish({ policy: { staging: { proof: 'inform' } } });
      const second = await proof.through({ ...of('v1'), stage1: of('v2') }, 'dev1');
      const id = await world.deploy('stage1', second);
      await world.workflow.run(id);
      await world.furnish({ policy: { staging: { proof: 'block' } } });
      await world.decide(id, ALICE);
      await world.workflow.run(id);
      expect(await world.deployment(id)).toMatchObject(NOT_PROVEN);
    });

    test('stops a plan for which it blocked, although the policy was lowered since', async () => {
      const { world } = proof;
      const second = await proof.through(of('v2'), 'dev1');
      const id = await world.deploy('stage1', second);
      await world.workflow.run(id);
      await world.furnish({ policy: { staging: { proof: 'inform' } } });
      const page = identityOf('v2').slice(0, 1);
      await world.write('ledgerPage', { application: 'my-app', environment: 'dev1', page, entries: [] });
      await world.decide(id, ALICE);
      await world.workflow.run(id);
      expect(await world.deployment(id)).toMatchObject(NOT_PROVEN);
    });
  });
});

describe('nobody judges', () => {
  test('the first environment, and an ephemeral one', async () => {
    expect(await proof.proofOf(await proof.bring(await proof.release(of('v9')), 'dev1'))).toBeUndefined();
    await proof.world.ephemeral('pr-7', { commit: commitOf(7) });
    const ended = await proof.world.finishIn('pr-7');
    expect(ended).toMatchObject({ status: 'succeeded' });
    expect(ended && (await proof.proofOf(ended))).toBeUndefined();
    expect(
      await proof.world.store.get('ledgerPage', { application: 'my-app', environment: 'pr-7', page: 'versions' }),
    ).toBe(undefined);
  });

  test('a call that was renamed: what counts is its content', async () => {
    await proof.everywhere({ ...of('v1'), prod1: { modules: { website: 'v1' } } });
  });
});
