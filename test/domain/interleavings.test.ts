import { createHash } from 'node:crypto';
import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { decideGate } from '../../lambdas/domain/approval/decide-gate.ts';
import { renewLink } from '../../lambdas/domain/approval/renew-link.ts';
import { sendReminders } from '../../lambdas/domain/approval/send-reminders.ts';
import { consumePlan } from '../../lambdas/domain/deployment/consume-plan.ts';
import { releaseEnvironment } from '../../lambdas/domain/deployment/release-environment.ts';
import { adjustEnvironment } from '../../lambdas/domain/environment/adjust-environment.ts';
import { DomainError } from '../../lambdas/domain/errors.ts';
import { emptyChain, proveNext } from '../../lambdas/domain/model/audit.ts';
import { type Deployment, isTerminal } from '../../lambdas/domain/model/deployment.ts';
import { LISTINGS } from '../../lambdas/domain/model/table/listings.ts';
import type { GateName } from '../../lambdas/domain/policy.ts';
import { reconcileDeployment } from '../../lambdas/domain/reconcile/reconcile.ts';
import { requestPromotion } from '../../lambdas/domain/release/request-promotion.ts';
import { listAll } from '../../lambdas/domain/transaction/list-all.ts';
import { InMemoryEventBus } from '../fakes/in-memory-event-bus.ts';
import { InMemoryStore } from '../fakes/in-memory-store.ts';
import { Invariants } from '../harness/invariants.ts';
import { stateAddressOf } from '../harness/plan-artifacts.ts';
import type { Terraform } from '../harness/simulated-builds.ts';
import { ALICE, BOB, CAROL, DAVE, World } from '../harness/world.ts';

/**
 * Tests everything that may happen, in any order and two things at a time. Each commit is checked against the rules. In
 * the end, when people, machines and clocks have come to rest, every deployment has ended and every environment is
 * free.
 */

const ENVIRONMENTS = ['dev1', 'stage1', 'prod1'];
const PEOPLE = [ALICE, BOB, CAROL, DAVE];
const WEEK = 7 * 24 * 3600;
const REMINDER_TIMES = { firstReminderSeconds: 60, lastReminderSeconds: 3600 };

/** What may happen, and how often. */
const HAPPENINGS = {
  step: 16,
  run: 16,
  push: 4,
  deliver: 5,
  ask: 10,
  promote: 6,
  decide: 24,
  cancel: 3,
  'roll back': 3,
  destroy: 2,
  wait: 4,
  'wait long': 1,
  reconcile: 4,
  'reconcile one': 2,
  stop: 2,
  'end builds': 2,
  /** Somebody applies something outside of Stagegate. */
  'change the state': 2,
  repeat: 4,
  hold: 1,
  'lift hold': 1,
  /** Somebody gets a new link. After that, only the new link counts. */
  renew: 3,
  'decide by link': 6,
  remind: 3,
  'raise policy': 1,
  /** The next happening crashes between its commit and what follows. */
  crash: 4,
  /** The next two happen at the same time. */
  both: 12,
} as const;
type Happening = keyof typeof HAPPENINGS;

const happening = fc.tuple(
  fc.oneof(
    ...(Object.keys(HAPPENINGS) as Happening[]).map((name) => ({
      arbitrary: fc.constant(name),
      weight: HAPPENINGS[name],
    })),
  ),
  fc.nat(9999),
);

const pick = <T>(from: readonly T[], chance: number): T | undefined => from[chance % Math.max(1, from.length)];

/** Returns how plan and apply end. The result is the same for the same plan of a deployment. */
function luck({ id, round }: Deployment): Terraform {
  const chance = Number.parseInt(createHash('sha256').update(`${id} ${round}`).digest('hex').slice(0, 4), 16) % 100;
  if (chance < 8) return { plan: 'fails', apply: 'fails' };
  if (chance < 16) return { plan: 'changes', apply: 'fails' };
  if (chance < 24) return { plan: 'changes', apply: 'is-stale' };
  if (chance < 40) return { plan: 'no-changes', apply: 'succeeds' };
  return { plan: round > 1 && chance < 70 ? 'other-changes' : 'changes', apply: 'succeeds' };
}

class Play {
  readonly invariants = new Invariants();
  readonly #store = new InMemoryStore((written) => this.invariants.check(written));
  readonly #bus = new InMemoryEventBus();
  readonly #world = new World(this.#store, this.#bus);

  async open(): Promise<void> {
    this.invariants.store = this.#store;
    await this.#world.furnish({ policy: { production: { staff: 2 } } });
    // Some things have happened already, so that rollbacks and promotions have a target.
    for (const upTo of ['prod1', 'stage1', 'stage1', 'dev1']) {
      const [release] = await this.#world.push();
      const { number = 0 } = release ?? {};
      const first = (await this.#world.holderOf('dev1')) ?? '';
      await this.#world.finish(first);
      for (const environment of ENVIRONMENTS.slice(1, ENVIRONMENTS.indexOf(upTo) + 1))
        await this.#bring(environment, number);
    }
    this.#world.builds.terraform = luck;
  }

  async #bring(environment: string, release: number): Promise<void> {
    const id = await this.#world.deploy(environment, release);
    for (const email of PEOPLE) {
      await this.#world.workflow.run(id);
      const { status } = await this.#world.deployment(id);
      const gate = email === ALICE || email === BOB ? 'staff' : 'client';
      if (status === 'awaiting_approval' && (await this.#world.gate(id, gate))?.status === 'open')
        await this.#world.decide(id, email);
    }
    await this.#world.workflow.run(id);
  }

  async perform(script: readonly (readonly [Happening, number])[]): Promise<void> {
    const rest = [...script];
    for (let next = rest.shift(); next; next = rest.shift()) {
      const [name, chance] = next;
      if (name === 'crash') {
        this.#world.workflow.isUnreachable = true;
        await this.#happen(rest.shift());
        this.#world.workflow.isUnreachable = false;
      } else if (name === 'both') await Promise.all([this.#happen(rest.shift()), this.#happen(rest.shift())]);
      else await this.#happen([name, chance]);
    }
  }

  /** Lets everything end without people: executions go on, time limits pass, and the reconciler runs. */
  async comeToRest(): Promise<void> {
    const { workflow, builds, surroundings } = this.#world;
    for (let round = 0; round < 60; round++) {
      builds.endAll();
      for (const id of workflow.executions.keys()) await workflow.run(id);
      surroundings.advance(61);
      const repairs = await this.#world.reconcile();
      expect(repairs.filter(({ action }) => action === 'failed')).toEqual([]);
      for (const id of workflow.executions.keys()) await workflow.run(id);
      if ((await this.#open()).length === 0) return;
      surroundings.advance(WEEK);
    }
  }

  async expectRest(): Promise<void> {
    const { workflow, builds } = this.#world;
    expect((await this.#open()).map(({ id, status }) => ({ id, status, state: workflow.stateOf(id) }))).toEqual([]);
    for (const environment of ENVIRONMENTS)
      expect(await this.#world.state(environment)).toMatchObject({ environment, holder: null, queue: [] });
    expect([...workflow.executions.values()].filter(({ status }) => status === 'RUNNING')).toEqual([]);
    const digests = builds.applied.map(({ digest }) => digest);
    expect(new Set(digests).size).toBe(digests.length);
    await this.#expectWholeAudit();
  }

  /** Expects one whole chain that contains every decision that any gate has recorded. */
  async #expectWholeAudit(): Promise<void> {
    const entries = await listAll(this.#store, LISTINGS.audit('my-app', 'ascending'));
    let head = emptyChain('my-app');
    for (const entry of entries) {
      const proof = proveNext(head, entry);
      expect(proof).toMatchObject({ proven: true });
      if (proof.proven) head = proof.head;
    }
    expect(await this.#store.get('auditHead', { application: 'my-app' })).toEqual(head);
    const told = entries.flatMap(({ type, by, digest, deploymentId }) =>
      type === 'approved' || type === 'rejected' ? [`${deploymentId} ${by} ${digest}`] : [],
    );
    const decided: string[] = [];
    for (const { id } of await this.#deployments())
      for (const { decisions, voided } of await listAll(this.#store, LISTINGS.gates(id)))
        decided.push(...[...decisions, ...voided].map(({ by, digest }) => `${id} ${by} ${digest}`));
    expect(told.sort()).toEqual(decided.sort());
  }

  async #deployments(): Promise<Deployment[]> {
    const histories = await Promise.all(ENVIRONMENTS.map((environment) => this.#world.history(environment)));
    return histories.flat();
  }

  async #open(): Promise<Deployment[]> {
    return (await this.#deployments()).filter(({ status }) => !isTerminal(status));
  }

  async #happen(next: readonly [Happening, number] | undefined): Promise<void> {
    if (!next) return;
    try {
      await this.#act(...next);
    } catch (error) {
      const isExpected = error instanceof DomainError || (error instanceof Error && error.message.includes('a crash'));
      if (!isExpected) throw error;
    }
  }

  /** Decides by one of the links that were mailed to the person for the gate: the newest one, or an older one. */
  async #decideByLink(deploymentId: string, gate: GateName, email: string, chance: number): Promise<void> {
    const world = this.#world;
    const tokens = world.mail.sent
      .filter(({ to }) => to === email)
      .flatMap(({ body }) => /approvals\/(\S+)/.exec(body)?.[1] ?? []);
    const links = await Promise.all([...new Set(tokens)].map((token) => world.links.verify(token)));
    const own = links.filter((link) => link?.deploymentId === deploymentId && link.gate === gate);
    const link = pick(own.toReversed(), chance % 3);
    if (!link) return;
    const before = await world.store.get('linkState', link);
    await decideGate(world, {
      deploymentId,
      gate,
      email,
      digest: link.digest,
      decision: 'approve',
      via: 'link',
      link,
    });
    // Numbers of links only go up. A link that was replaced before must not have counted now.
    if (before && link.sequence < before.sequence)
      this.invariants.violations.push(`a replaced link decided: ${JSON.stringify(link)}`);
  }

  async #act(name: Happening, chance: number): Promise<void> {
    const world = this.#world;
    const { workflow, surroundings } = world;
    const running = [...workflow.executions.keys()].filter((id) => workflow.canStep(id));
    const environment = ENVIRONMENTS[chance % 3] ?? 'dev1';
    const release = 1 + (Math.floor(chance / 3) % 6);
    switch (name) {
      case 'step':
        return workflow.step(pick(running, chance) ?? '');
      case 'run':
        return workflow.run(pick(running, chance) ?? '');
      case 'push':
        await world.push();
        return;
      case 'deliver': {
        const events = this.#bus.published.filter((event) => event.name === 'DeploymentSucceeded');
        const event = pick(events, chance);
        if (event) await world.promote(String(event.detail.deploymentId));
        return;
      }
      case 'ask':
        await world.deploy(environment, release);
        return;
      case 'promote': {
        const requestedBy = { principal: 'x', ...(chance % 2 === 0 && { approver: ALICE }) };
        await requestPromotion(world, { application: 'my-app', to: environment, requestedBy });
        return;
      }
      case 'decide': {
        const awaiting = (await this.#deployments()).filter(({ status }) => status === 'awaiting_approval');
        const deployment = pick(awaiting, Math.floor(chance / 40));
        const email = pick(PEOPLE, chance) ?? ALICE;
        if (deployment) await world.decide(deployment.id, email, chance % 10 === 9 ? 'reject' : 'approve');
        return;
      }
      case 'cancel': {
        const deployment = pick(await this.#deployments(), chance);
        if (deployment) await world.cancel(deployment.id);
        return;
      }
      case 'roll back':
        await world.rollBack(environment, release);
        return;
      case 'destroy':
        await world.deploy(environment, release, { operation: 'destroy' });
        return;
      case 'wait':
        surroundings.advance(chance % 90);
        return;
      case 'wait long':
        surroundings.advance(WEEK);
        return;
      case 'reconcile':
        await world.reconcile();
        return;
      case 'reconcile one': {
        const deployment = pick(await this.#deployments(), chance);
        if (deployment) await reconcileDeployment(world, deployment.id);
        return;
      }
      case 'stop': {
        const id = pick([...workflow.executions.keys()], chance);
        if (id) await workflow.abort(id);
        return;
      }
      case 'end builds':
        world.builds.endAll();
        return;
      case 'change the state':
        world.states.change(stateAddressOf({ application: 'my-app', environment }));
        return;
      case 'repeat': {
        const deployment = pick(await this.#deployments(), chance);
        if (deployment?.status === 'applying') await consumePlan(world, deployment.id, { canWait: true });
        if (deployment && isTerminal(deployment.status)) await releaseEnvironment(world, deployment.id);
        return;
      }
      case 'hold':
      case 'lift hold': {
        const where = { application: 'my-app', environment };
        await adjustEnvironment(world, where, { hold: name === 'hold', reason: 'storm' }, { principal: 'x' });
        return;
      }
      case 'renew':
      case 'decide by link': {
        const awaiting = (await this.#deployments()).filter(({ status }) => status === 'awaiting_approval');
        const { id: deploymentId = '' } = pick(awaiting, Math.floor(chance / 40)) ?? {};
        const email = pick(PEOPLE, chance) ?? ALICE;
        const gate = email === ALICE || email === BOB ? 'staff' : 'client';
        if (name === 'renew') await renewLink(world, { deploymentId, gate, email }, { principal: 'x' });
        else await this.#decideByLink(deploymentId, gate, email, chance);
        return;
      }
      case 'remind':
        await sendReminders({ ...world, mail: world.mail, reminderTimes: REMINDER_TIMES });
        return;
      case 'raise policy': {
        const application = await world.store.get('application', { name: 'my-app' });
        const policy = { production: { staff: 2, client: 1 + (chance % 2) }, staging: { staff: 1 + (chance % 2) } };
        if (application) await world.write('application', { ...application, policy });
        return;
      }
      case 'crash':
      case 'both':
        return;
    }
  }
}

test('whatever happens in whatever order, the rules hold and everything ends', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(happening, { minLength: 50, maxLength: 150, size: 'max' }), async (script) => {
      const play = new Play();
      await play.open();
      await play.perform(script);
      await play.comeToRest();
      await play.expectRest();
      expect(play.invariants.violations).toEqual([]);
    }),
    { seed: 20261123, numRuns: 25 },
  );
});
