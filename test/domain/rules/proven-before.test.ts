import { beforeEach, describe, expect, test } from '@jest/globals';
import { liftProof } from '../../../lambdas/domain/environment/lift-proof.ts';
import type { Deployment } from '../../../lambdas/domain/model/deployment.ts';
import { PROOF_LIFT_SECONDS, type ProofLiftRequest } from '../../../lambdas/domain/model/proof/proof-lift.ts';
import { LISTINGS } from '../../../lambdas/domain/model/table/listings.ts';
import { AnalysisSchema } from '../../../lambdas/domain/plan/analysis.ts';
import { MOST_PROOF_LIFTS } from '../../../lambdas/domain/proof/judge-plan.ts';
import { listAll } from '../../../lambdas/domain/transaction/list-all.ts';
import { identityOf, type SimulatedModule, stateAddressOf } from '../../harness/plan-artifacts.ts';
import type { Terraform } from '../../harness/simulated-builds.ts';
import { ALICE, CAROL, TOOLING, World } from '../../harness/world.ts';

type Contents = Readonly<Record<string, string | SimulatedModule>>;

const PROD = { application: 'my-app', environment: 'prod1' };
const SOURCE = 'git::https://git.example/web.git';
const REASON = 'agreed with the client on the telephone';

/** What one release consists of in each environment: the modules by call, or `all` for every environment. */
interface Content {
  readonly all?: Contents;
  readonly dev1?: Contents;
  readonly stage1?: Contents;
  readonly prod1?: Contents;
}

describe('rule 1: what was proven is what is promoted', () => {
  let world: World;
  let contents: Map<number, Content>;
  /** How plans and applies of an environment go, beside their modules. */
  let course: (deployment: Deployment) => Partial<Terraform>;

  beforeEach(async () => {
    world = await World.open();
    contents = new Map();
    course = () => ({});
    world.builds.terraform = (deployment) => ({
      plan: 'changes',
      apply: 'succeeds',
      modules: modulesOf(contents.get(deployment.release ?? 0), deployment.environment),
      ...course(deployment),
    });
  });

  async function release(content: Content): Promise<number> {
    const number = await world.release();
    contents.set(number, content);
    return number;
  }

  /** Brings a release to an environment and lets it end there. */
  async function bring(number: number, environment: string, operation: 'deploy' | 'rollback' = 'deploy') {
    const id = await world.deploy(environment, number, { operation });
    return world.finish(id);
  }

  async function everywhere(number: number): Promise<void> {
    for (const environment of ['dev1', 'stage1', 'prod1'])
      expect(await bring(number, environment)).toMatchObject({ status: 'succeeded' });
    world.surroundings.advance(1);
  }

  async function upToStaging(number: number): Promise<void> {
    for (const environment of ['dev1', 'stage1'])
      expect(await bring(number, environment)).toMatchObject({ status: 'succeeded' });
    world.surroundings.advance(1);
  }

  const lift = (request: ProofLiftRequest) => liftProof(world, PROD, request, TOOLING);
  const liftOf = (content: string, call = 'module.web') =>
    lift({ call, identity: identityOf(content), reason: REASON });

  async function proofOf(deployment: Deployment) {
    const planned = 'planned' in deployment ? deployment.planned : undefined;
    const stored = planned && (await world.artifacts.getJson(planned.analysis.key, planned.analysis.versionId));
    return AnalysisSchema.parse(stored?.value).proof;
  }

  test('a module that ran nowhere before is blocked in production, and the text names what is known', async () => {
    await everywhere(await release({ all: { web: tagged('v1', 'web-v1.4.0') } }));
    await upToStaging(await release({ all: { web: tagged('v1.5', 'web-v1.5.0') } }));
    const third = await release({
      all: { web: tagged('v1.5', 'web-v1.5.0') },
      prod1: { web: tagged('v2', 'web-v2.0.0') },
    });
    await upToStaging(third);
    const blocked = await bring(third, 'prod1');
    expect(blocked).toMatchObject({ status: 'blocked', error: { reason: 'not-proven-before' } });
    const { message } = 'error' in blocked ? blocked.error : { message: '' };
    expect(message).toBe(
      `module.web is web 2.0.0 (${identityOf('v2').slice(0, 12)}…); stage1 has run 1.4.0 (release 1) and 1.5.0 (release 3, the newest): bring 2.0.0 to stage1 first, or use what ran there, or lift`,
    );
    expect((await world.state('prod1')).deployed).toMatchObject({ release: 1 });
  });

  test('of a ref that moved more than once, the text names the newest release that ran it', async () => {
    const ref = 'main';
    for (const content of ['v1', 'v2', 'v3', 'v4'])
      await upToStaging(await release({ all: { web: tagged(content, ref) } }));
    const last = await release({ all: { web: tagged('v4', ref) }, prod1: { web: tagged('v5', ref) } });
    await upToStaging(last);
    expect(await bring(last, 'prod1')).toMatchObject({
      error: { message: expect.stringContaining(`with other content (release ${last})`) },
    });
  });

  test.each(['main', 'web-v1.0.0'])('a ref that moved between staging and production is blocked: %s', async (ref) => {
    await everywhere(await release({ all: { web: tagged('v1', ref) } }));
    const second = await release({ all: { web: tagged('v1', ref) }, prod1: { web: tagged('v2', ref) } });
    await upToStaging(second);
    const blocked = await bring(second, 'prod1');
    expect(blocked).toMatchObject({
      error: { reason: 'not-proven-before', message: expect.stringContaining('has moved since') },
    });
  });

  test('the same content under another call and another source is proven', async () => {
    await everywhere(await release({ all: { web: 'v1' } }));
    const source = 'git::https://git.example/modules.git//web?ref=web-v2.0.0';
    const second = await release({
      all: { web: 'v2' },
      prod1: { shop: { name: 'shop', content: 'v2', source } },
    });
    await everywhere(second);
  });

  test('a release that changes no module is promoted', async () => {
    await everywhere(await release({ all: { web: 'v1' } }));
    await everywhere(await release({ all: { web: 'v1' } }));
  });

  test('a call with count = 0 in staging proves nothing', async () => {
    await everywhere(await release({ all: { web: 'v1' } }));
    const off = { name: 'extra', content: 'e1', inUse: false };
    const on = { name: 'extra', content: 'e1' };
    const second = await release({ dev1: { extra: on }, stage1: { extra: off }, prod1: { extra: on } });
    await upToStaging(second);
    expect(await bring(second, 'prod1')).toMatchObject({ error: { reason: 'not-proven-before' } });
  });

  test('a call with count = 0 in production is not judged', async () => {
    await everywhere(await release({ all: { web: 'v1' } }));
    const off = { name: 'extra', content: 'e1', inUse: false };
    await everywhere(await release({ all: { web: 'v1' }, prod1: { web: 'v1', extra: off } }));
  });

  test('a hotfix with the older version that production runs is promoted, although staging is ahead', async () => {
    await everywhere(await release({ all: { web: 'v1' } }));
    await upToStaging(await release({ all: { web: 'v2' } }));
    await everywhere(await release({ dev1: { web: 'v2' }, stage1: { web: 'v2' }, prod1: { web: 'v1' } }));
  });

  test('an older release reaches production after a newer one reached staging', async () => {
    const first = await release({ all: { web: 'v1' } });
    await upToStaging(first);
    await upToStaging(await release({ all: { web: 'v2' } }));
    expect(await bring(first, 'prod1')).toMatchObject({ status: 'succeeded' });
  });

  test('a rollback in the environment before withdraws what only newer releases contained', async () => {
    await everywhere(await release({ all: { web: 'v1' } }));
    await upToStaging(await release({ all: { web: 'v2' } }));
    await bring(1, 'stage1', 'rollback');
    const third = await release({ dev1: { web: 'v1' }, stage1: { web: 'v1' }, prod1: { web: 'v2' } });
    await upToStaging(third);
    expect(await bring(third, 'prod1')).toMatchObject({ error: { reason: 'not-proven-before' } });
  });

  test('a rollback keeps what an older release contained, even if a newer one contained it too', async () => {
    await everywhere(await release({ all: { web: 'v1', log: 'l1' } }));
    await upToStaging(await release({ all: { web: 'v2', log: 'l1' } }));
    await bring(1, 'stage1', 'rollback');
    const third = await release({ dev1: { web: 'v1' }, stage1: { web: 'v1' }, prod1: { web: 'v1', log: 'l1' } });
    await everywhere(third);
  });

  test('a rollback of production brings back whatever production ever ran', async () => {
    const first = await release({ all: { web: 'v1' }, prod1: { web: 'v1', only: 'p1' } });
    await upToStaging(first);
    await liftOf('p1', 'module.only');
    expect(await bring(first, 'prod1')).toMatchObject({ status: 'succeeded' });
    world.surroundings.advance(1);
    await everywhere(await release({ all: { web: 'v2' } }));
    expect(await bring(first, 'prod1', 'rollback')).toMatchObject({ status: 'succeeded' });
  });

  test('a rollback in production does not bring what production never ran', async () => {
    const first = await release({ all: { web: 'v1' } });
    await upToStaging(first);
    await everywhere(await release({ all: { web: 'v2' } }));
    contents.set(first, { all: { web: 'v0' } });
    expect(await bring(first, 'prod1', 'rollback')).toMatchObject({ error: { reason: 'not-proven-before' } });
  });

  test('a rollback between plan and apply blocks what it withdrew', async () => {
    await everywhere(await release({ all: { web: 'v1' } }));
    const second = await release({ dev1: { web: 'v2' }, stage1: { web: 'v2' }, prod1: { web: 'v1' } });
    await upToStaging(second);
    const third = await release({ dev1: { web: 'v1' }, stage1: { web: 'v1' }, prod1: { web: 'v2' } });
    await upToStaging(third);
    const id = await world.deploy('prod1', third);
    await world.workflow.run(id);
    await world.decide(id, ALICE);
    await world.workflow.run(id);
    // Rolling back withdraws release 3 too, so the third release proves itself again before its apply.
    await bring(1, 'stage1', 'rollback');
    await bring(third, 'stage1');
    await world.decide(id, CAROL);
    await world.workflow.run(id);
    expect(await world.deployment(id)).toMatchObject({ status: 'blocked', error: { reason: 'not-proven-before' } });
    expect(world.builds.applied.map(({ deploymentId }) => deploymentId)).not.toContain(id);
  });

  test('a plan without changes and a destruction are not judged', async () => {
    await everywhere(await release({ all: { web: 'v1' } }));
    const second = await release({ all: { web: 'v1' }, prod1: { web: 'v2' } });
    await upToStaging(second);
    course = ({ environment }) => (environment === 'prod1' ? { plan: 'no-changes' } : {});
    expect(await bring(second, 'prod1')).toMatchObject({ status: 'succeeded' });
  });

  test('a success without changes in production does not prove what would be blocked', async () => {
    await everywhere(await release({ all: { web: 'v1' } }));
    const content = { all: { web: 'v1' }, prod1: { web: 'v2' } };
    const second = await release(content);
    await upToStaging(second);
    course = ({ environment }) => (environment === 'prod1' ? { plan: 'no-changes' } : {});
    expect(await bring(second, 'prod1')).toMatchObject({ status: 'succeeded' });
    course = () => ({});
    const third = await release(content);
    await upToStaging(third);
    expect(await bring(third, 'prod1')).toMatchObject({ error: { reason: 'not-proven-before' } });
    await liftOf('v2');
    expect(await bring(third, 'prod1')).toMatchObject({ status: 'succeeded' });
  });

  test('a success without changes does not prove an engine in production, either', async () => {
    await everywhere(await release({ all: { web: 'v1' } }));
    const second = await release({ all: { web: 'v1' } });
    await upToStaging(second);
    course = ({ environment }) => (environment === 'prod1' ? { plan: 'no-changes', engineVersion: '1.12.0' } : {});
    expect(await bring(second, 'prod1')).toMatchObject({ status: 'succeeded' });
    course = ({ environment }) => (environment === 'prod1' ? { engineVersion: '1.12.0' } : {});
    const third = await release({ all: { web: 'v1' } });
    await upToStaging(third);
    expect(await bring(third, 'prod1')).toMatchObject({ error: { reason: 'engine-not-proven' } });
  });

  test('a success without changes proves, too', async () => {
    await everywhere(await release({ all: { web: 'v1' } }));
    course = ({ environment }) => (environment === 'stage1' ? { plan: 'no-changes' } : {});
    await everywhere(await release({ all: { web: 'v2' } }));
  });

  test('a module that is used in production only is lifted once, by its identity', async () => {
    await everywhere(await release({ all: { web: 'v1' } }));
    const second = await release({ all: { web: 'v1' }, prod1: { web: 'v1', waf: 'w1' } });
    await upToStaging(second);
    expect(await bring(second, 'prod1')).toMatchObject({ status: 'blocked' });
    await liftOf('w1', 'module.waf');
    const applied = await bring(second, 'prod1');
    expect(applied).toMatchObject({ status: 'succeeded' });
    expect(await proofOf(applied)).toMatchObject({ of: 2, proven: 1, unproven: [{ isLifted: true }] });
    world.surroundings.advance(1);
    await everywhere(await release({ all: { web: 'v1' }, prod1: { web: 'v1', waf: 'w1' } }));
  });

  test('a block withdraws no earlier success of the release', async () => {
    await everywhere(await release({ all: { web: 'v1' } }));
    contents.set(1, { all: { web: 'v1' }, prod1: { web: 'v2' } });
    expect(await bring(1, 'prod1')).toMatchObject({ status: 'blocked' });
    expect(await world.store.get('outcome', { ...PROD, release: 1 })).toMatchObject({ succeeded: true });
  });

  describe('a lift', () => {
    let second: number;
    beforeEach(async () => {
      await everywhere(await release({ all: { web: 'v1' } }));
      second = await release({ all: { web: 'v1' }, prod1: { web: 'v2' } });
      await upToStaging(second);
    });

    test('of another identity, another environment or an engine covers nothing', async () => {
      await liftOf('v3');
      await lift({ engine: 'terraform 1.11', reason: REASON });
      const request = { call: 'module.web', identity: identityOf('v2'), reason: REASON };
      await liftProof(world, { ...PROD, environment: 'stage1' }, request, TOOLING);
      expect(await bring(second, 'prod1')).toMatchObject({ error: { reason: 'not-proven-before' } });
    });

    test('that names another call covers nothing, and a new one takes its place', async () => {
      await liftOf('v2', 'module.shop');
      expect(await bring(second, 'prod1')).toMatchObject({ error: { reason: 'not-proven-before' } });
      await liftOf('v2');
      const given = await world.store.get('proofLifts', { ...PROD, subject: identityOf('v2') });
      expect(given?.lifts).toMatchObject([
        { call: 'module.shop', expiresAt: world.surroundings.now() },
        { call: 'module.web' },
      ]);
      expect(await bring(second, 'prod1')).toMatchObject({ status: 'succeeded' });
    });

    test('is refused in the first environment, where nothing has to be proven', async () => {
      const request = { call: 'module.web', identity: identityOf('v2'), reason: REASON };
      await expect(liftProof(world, { ...PROD, environment: 'dev1' }, request, TOOLING)).rejects.toMatchObject({
        refusal: 'not-allowed-here',
      });
    });

    test('of protection does not cover it', async () => {
      for (const address of ['prod1', 'module.web', identityOf('v2')])
        await world.write('protectionLifts', {
          ...PROD,
          address,
          lifts: [{ reason: REASON, by: TOOLING, at: world.surroundings.now() }],
        });
      expect(await bring(second, 'prod1')).toMatchObject({ error: { reason: 'not-proven-before' } });
    });

    test('is for one use, and both gates see it', async () => {
      await liftOf('v2');
      const applied = await bring(second, 'prod1');
      expect(applied).toMatchObject({
        status: 'succeeded',
        planned: {
          proof: { mode: 'block', lifts: [identityOf('v2')] },
          gates: [{ gate: 'staff' }, { gate: 'client' }],
        },
      });
      const given = await world.store.get('proofLifts', { ...PROD, subject: identityOf('v2') });
      expect(given?.lifts).toMatchObject([{ usedBy: { deploymentId: applied.id } }]);
    });

    test('of a plan that was not applied stays', async () => {
      await liftOf('v2');
      const id = await world.deploy('prod1', second);
      await world.workflow.run(id);
      await world.decide(id, ALICE, 'reject');
      await world.workflow.run(id);
      const given = await world.store.get('proofLifts', { ...PROD, subject: identityOf('v2') });
      expect(given?.lifts).toMatchObject([{ reason: REASON }]);
      expect(given?.lifts[0]?.usedBy).toBeUndefined();
    });

    test('counts only for what its plan told the approvers', async () => {
      contents.set(second, { all: { web: 'v1' } });
      const id = await world.deploy('prod1', second);
      await world.workflow.run(id);
      await world.decide(id, ALICE);
      await world.workflow.run(id);
      // The environment loses what proved the plan, and a lift is given that nobody was shown.
      const page = identityOf('v1').slice(0, 1);
      for (const environment of ['stage1', 'prod1'])
        await world.write('ledgerPage', { application: 'my-app', environment, page, entries: [] });
      await liftOf('v1');
      await world.decide(id, CAROL);
      await world.workflow.run(id);
      expect(await world.deployment(id)).toMatchObject({ error: { reason: 'not-proven-before' } });
    });

    test('that the plan did not need is not used when it is needed later', async () => {
      contents.set(second, { all: { web: 'v1' } });
      await liftOf('v1');
      world.surroundings.advance(1);
      const id = await world.deploy('prod1', second);
      await world.workflow.run(id);
      await world.decide(id, ALICE);
      await world.workflow.run(id);
      const page = identityOf('v1').slice(0, 1);
      for (const environment of ['stage1', 'prod1'])
        await world.write('ledgerPage', { application: 'my-app', environment, page, entries: [] });
      await world.decide(id, CAROL);
      await world.workflow.run(id);
      expect(await world.deployment(id)).toMatchObject({ error: { reason: 'not-proven-before' } });
    });

    test.each([
      ['as many as one transaction can use up', MOST_PROOF_LIFTS, 'succeeded'],
      ['more than that, which is told before anybody is asked', MOST_PROOF_LIFTS + 1, 'blocked'],
    ])('is one of many: %s', async (_, count, status) => {
      const names = Array.from({ length: count }, (_, at) => `only${at}`);
      for (const name of names) await liftOf(name, `module.${name}`);
      contents.set(second, {
        all: { web: 'v1' },
        prod1: Object.fromEntries(names.map((name) => [name, name])),
      });
      const ended = await bring(second, 'prod1');
      expect(ended).toMatchObject({ status });
      if (status === 'blocked')
        expect(ended).toMatchObject({ error: { message: expect.stringMatching(/needs 41 lifts of proof/) } });
    });

    test('expires after seven days', async () => {
      await liftOf('v2');
      world.surroundings.advance(PROOF_LIFT_SECONDS);
      expect(await bring(second, 'prod1')).toMatchObject({ error: { reason: 'not-proven-before' } });
      await liftOf('v2');
      expect(await bring(second, 'prod1')).toMatchObject({ status: 'succeeded' });
    });

    test('that expires while the plan waits is not used any more', async () => {
      await liftOf('v2');
      world.surroundings.advance(PROOF_LIFT_SECONDS - 60);
      const id = await world.deploy('prod1', second);
      await world.workflow.run(id);
      await world.decide(id, ALICE);
      await world.workflow.run(id);
      world.surroundings.advance(61);
      await world.decide(id, CAROL);
      await world.workflow.run(id);
      expect(await world.deployment(id)).toMatchObject({ error: { reason: 'not-proven-before' } });
    });

    test('that replaces an expired one while the plan waits covers only a new plan', async () => {
      await liftOf('v2');
      world.surroundings.advance(PROOF_LIFT_SECONDS - 60);
      const id = await world.deploy('prod1', second);
      await world.workflow.run(id);
      await world.decide(id, ALICE);
      await world.workflow.run(id);
      world.surroundings.advance(61);
      await liftOf('v2');
      await world.decide(id, CAROL);
      await world.workflow.run(id);
      expect(await world.deployment(id)).toMatchObject({ error: { reason: 'not-proven-before' } });
      expect(await bring(second, 'prod1')).toMatchObject({ status: 'succeeded' });
    });

    test.each([
      ['a lift', () => liftOf('v1')],
      ['an exempt source', () => world.furnish({ policy: { proof: { exempt: [SOURCE] } } })],
    ])('voids approvals of an earlier plan that were given without it: %s', async (_, letIn) => {
      contents.set(second, { all: { web: { name: 'web', content: 'v1', source: SOURCE } } });
      const id = await world.deploy('prod1', second);
      await world.workflow.run(id);
      await world.decide(id, ALICE);
      await world.workflow.run(id);
      await world.decide(id, CAROL);
      await world.workflow.runTo(id, 'CheckPlan');
      // The environments lose what proved the plan. The plan made again does the same, by leave that nobody was told of.
      const page = identityOf('v1').slice(0, 1);
      for (const environment of ['stage1', 'prod1'])
        await world.write('ledgerPage', { application: 'my-app', environment, page, entries: [] });
      await letIn();
      world.surroundings.advance(1);
      world.states.change(stateAddressOf(PROD));
      await world.workflow.run(id);
      expect(await world.deployment(id)).toMatchObject({ status: 'awaiting_approval', round: 2 });
      expect(await world.gate(id, 'client')).toMatchObject({ status: 'void', decisions: [] });
      expect(world.builds.applied.map(({ deploymentId }) => deploymentId)).not.toContain(id);
      await world.decide(id, ALICE);
      await world.workflow.run(id);
      await world.decide(id, CAROL);
      await world.workflow.run(id);
      expect(await world.deployment(id)).toMatchObject({ status: 'succeeded', round: 2 });
    });

    test('can be used again after Terraform refused the plan as stale', async () => {
      await liftOf('v2');
      course = ({ environment, round }) => ({
        apply: environment === 'prod1' && round === 1 ? 'is-stale' : 'succeeds',
      });
      expect(await bring(second, 'prod1')).toMatchObject({ status: 'succeeded', round: 2 });
    });

    test.each([
      ['another one', { other: 'module.web' }],
      ['one for another call', { other: 'module.other' }],
    ])('can be used again after its apply did not begin, also if %s was given meanwhile', async (_, { other }) => {
      const { lift: own } = await liftOf('v2');
      world.surroundings.advance(1);
      const id = await world.deploy('prod1', second);
      await world.workflow.run(id);
      await world.decide(id, ALICE);
      await world.workflow.run(id);
      await world.decide(id, CAROL);
      await world.workflow.runTo(id, 'Apply');
      world.surroundings.advance(60);
      const { lift: later } = await liftOf('v2', other);
      const down = { error: 'CodeBuild.SdkClientException', when: 'before' } as const;
      world.builds.startFaults.push(...Array.from({ length: 11 }, () => down));
      await world.workflow.run(id);
      expect(world.workflow.stateOf(id)).toBe('WaitForApply');
      const given = await world.store.get('proofLifts', { ...PROD, subject: identityOf('v2') });
      expect(given?.lifts).toEqual([own, later]);
      const audit = await listAll(world.store, LISTINGS.audit('my-app', 'ascending'));
      expect(audit.at(-1)).toMatchObject({
        type: 'plan-given-back',
        details: { liftsReturned: [], proofLiftsReturned: [identityOf('v2')] },
      });
      world.surroundings.advance(300);
      await world.workflow.run(id);
      expect(await world.statusOf(id)).toBe('succeeded');
      const left = await world.store.get('proofLifts', { ...PROD, subject: identityOf('v2') });
      expect(left?.lifts).toMatchObject([{ ...own, usedBy: { deploymentId: id } }, later]);
    });

    test('is in the audit, with its reason, and so is its use', async () => {
      await liftOf('v2');
      await bring(second, 'prod1');
      const audit = await listAll(world.store, LISTINGS.audit('my-app', 'ascending'));
      expect(audit).toContainEqual(
        expect.objectContaining({
          type: 'proof-lifted',
          comment: REASON,
          details: expect.objectContaining({ call: 'module.web', identity: identityOf('v2') }),
        }),
      );
      expect(audit).toContainEqual(
        expect.objectContaining({
          type: 'plan-consumed',
          details: expect.objectContaining({ proofLiftsUsed: [identityOf('v2')] }),
        }),
      );
    });
  });
});

const tagged = (content: string, ref: string): SimulatedModule => ({
  name: 'web',
  content,
  source: `git::https://git.example/modules.git//web?ref=${ref}`,
});

const modulesOf = (content: Content | undefined, environment: string): SimulatedModule[] =>
  Object.entries({ ...(contentIn(content, environment) ?? content?.all) }).map(([name, each]) =>
    typeof each === 'string' ? { name, content: each } : each,
  );

const contentIn = (content: Content | undefined, environment: string): Contents | undefined => {
  if (environment === 'dev1') return content?.dev1;
  return environment === 'stage1' ? content?.stage1 : content?.prod1;
};
