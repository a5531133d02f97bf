import { AuditEntrySchema } from '../../lambdas/domain/model/audit.ts';
import { ConsumedPlanSchema } from '../../lambdas/domain/model/consumed-plan.ts';
import {
  canBecome,
  type Deployment,
  DeploymentSchema,
  isTerminal,
  orderOf,
  type Status,
} from '../../lambdas/domain/model/deployment.ts';
import { type EnvironmentState, EnvironmentStateSchema } from '../../lambdas/domain/model/environment-state.ts';
import { type Gate, GateSchema } from '../../lambdas/domain/model/gate.ts';
import type { Operation } from '../../lambdas/domain/operation.ts';
import { GATES } from '../../lambdas/domain/policy.ts';
import type { InMemoryStore, Written } from '../fakes/in-memory-store.ts';

interface Ending {
  readonly environment: string;
  readonly release: number;
  readonly operation: Operation;
  readonly status: Status;
}

const PIPELINE = ['dev1', 'stage1', 'prod1'];
const VERDICTS: readonly Status[] = ['succeeded', 'failed', 'rejected', 'blocked'];

/**
 * Checks every commit and reports what the rules forbid. It has the rules itself and does not use those of the domain.
 */
export class Invariants {
  readonly violations: string[] = [];
  readonly #endings: Ending[] = [];
  /** The change digest of each plan that a gate was about. */
  readonly #meanings = new Map<string, string>();
  store: InMemoryStore | undefined;

  check(written: readonly Written[]): void {
    this.#audited(written);
    this.#summarized(written);
    for (const { kind, before, after } of written) {
      if (kind === 'deployment') this.#deployment(parsed(DeploymentSchema, before), DeploymentSchema.parse(after));
      if (kind === 'gate') this.#gate(parsed(GateSchema, before), GateSchema.parse(after));
      if (kind === 'environmentState')
        this.#state(parsed(EnvironmentStateSchema, before), EnvironmentStateSchema.parse(after));
      if (kind === 'consumedPlan') this.#require(before === undefined, `a plan was consumed twice`, after);
      if (kind === 'auditEntry') this.#require(before === undefined, 'an entry of the audit was written over', after);
      if (kind === 'release' || kind === 'promotion' || kind === 'deploymentEvent')
        this.#require(before === undefined, `a ${kind} was written twice`, after);
    }
  }

  /** Checks that every fact for auditors is written to the audit in the same commit that makes it true. */
  #audited(written: readonly Written[]): void {
    const told = written.flatMap(({ kind, after }) => (kind === 'auditEntry' ? [AuditEntrySchema.parse(after)] : []));
    const isTold = (type: string, digest: string, by: string) =>
      told.some((entry) => entry.type === type && entry.digest === digest && entry.by === by);
    for (const { kind, before, after } of written) {
      if (kind === 'consumedPlan')
        this.#require(isTold('plan-consumed', ConsumedPlanSchema.parse(after).digest, 'stagegate'), 'untold', after);
      if (kind !== 'gate' || !before) continue;
      const known = GateSchema.parse(before).decisions.length;
      for (const { decision, digest, by } of GateSchema.parse(after).decisions.slice(known))
        this.#require(isTold(decision === 'approve' ? 'approved' : 'rejected', digest, by), 'untold', after);
    }
  }

  /** Checks that every ending is counted once, in the commit that records it, and that the state tells of it. */
  #summarized(written: readonly Written[]): void {
    const endings = written.flatMap(({ kind, before, after }) => {
      if (kind !== 'deployment') return [];
      const [earlier, ended] = [parsed(DeploymentSchema, before), DeploymentSchema.parse(after)];
      return isTerminal(ended.status) && !(earlier && isTerminal(earlier.status)) ? [ended] : [];
    });
    for (const { id, application, environment, status } of endings) {
      if (status !== 'succeeded' && status !== 'failed') continue;
      const verdict = this.store?.peek('environmentState', { application, environment })?.lastVerdict;
      this.#require(verdict?.deploymentId === id && verdict.status === status, 'the state does not tell of it', id);
    }
    const counting = endings.filter(
      (ended) =>
        ended.environment === 'prod1' &&
        (ended.status === 'succeeded' || (ended.status === 'failed' && ended.applied !== 'no')),
    );
    const counters = written.filter(({ kind }) => kind === 'delivery').length;
    this.#require(counters === counting.length, 'an ending is not counted once', counting);
  }

  #require(holds: boolean | undefined, rule: string, about: unknown): void {
    if (!holds) this.violations.push(`${rule}: ${JSON.stringify(about)}`);
  }

  #deployment(before: Deployment | undefined, after: Deployment): void {
    const { id, status, environment, operation } = after;
    const release = orderOf(after);
    const isActive = ['planning', 'awaiting_approval', 'applying'].includes(status);
    const state = this.#stateOf(environment);
    this.#require(!(environment === 'prod1' && after.automatic), 'nothing goes to production by itself', id);
    if (!before) {
      this.#require(
        ['queued', 'planning', 'superseded'].includes(status),
        'a deployment begins at the beginning',
        after,
      );
      if (operation !== 'destroy')
        this.#require(this.#isProvenBefore({ environment, release }), 'it was made without a proof', after);
    } else if (before.status !== status) {
      this.#require(canBecome(before.status, status), `${before.status} became ${status}`, id);
    } else if (isTerminal(status)) this.#require(same(before, after), 'an ended deployment changed', id);
    if (isActive)
      this.#require(state?.holder?.deploymentId === id, 'it is active and does not hold its environment', id);
    const places = state?.queue.filter(({ deploymentId }) => deploymentId === id).length;
    this.#require(
      places === (status === 'queued' ? 1 : 0),
      `it is ${status} and stands in the queue ${places} times`,
      id,
    );
    if (status === 'applying' && before?.status !== 'applying') this.#applying(after);
    if (status === 'superseded' && before && before.status !== 'queued') {
      this.#require(environment !== 'prod1', 'a holder of production was superseded', id);
      const decisions = GATES.flatMap((name) => {
        const gate = this.#gateOf(id, name);
        return gate ? [...gate.decisions, ...gate.voided] : [];
      });
      this.#require(decisions.length === 0, 'a holder was superseded after a decision', id);
    }
    const isJudgedWithoutChanges = 'planned' in after && after.planned && !after.planned.hasChanges;
    if (status === 'planning' && isJudgedWithoutChanges && !after.blocking && !after.cancelRequestedBy)
      this.#require(
        operation === 'destroy' || this.#isProvenBefore({ environment, release }),
        'it passed without a proof',
        id,
      );
    if (isTerminal(status) && !(before && isTerminal(before.status)))
      this.#endings.push({ environment, release, operation, status });
  }

  #applying(deployment: Deployment & { status: 'applying' }): void {
    const { id, environment, operation, planned, application } = deployment;
    const release = orderOf(deployment);
    for (const { gate: name, required } of planned.gates) {
      const gate = this.#gateOf(id, name);
      const counted = [planned.digest, ...(gate ? this.#equalPlans(gate) : [])];
      const people = new Set(
        gate?.decisions
          .filter(
            ({ decision, digest, at }) => decision === 'approve' && counted.includes(digest) && at < gate.expiresAt,
          )
          .map(({ by }) => by),
      );
      this.#require(gate?.digest === planned.digest, 'its gate is about another plan', id);
      this.#require(people.size >= required, `it applies what the ${name} gate has not approved`, id);
    }
    const least = { dev1: [], stage1: ['staff'], prod1: ['staff', 'client'] }[environment];
    this.#require(
      least?.every((gate) => planned.gates.some((other) => other.gate === gate)),
      'a gate is missing',
      id,
    );
    const consumed = this.store?.peek('consumedPlan', { digest: planned.digest });
    this.#require(consumed?.deploymentId === id, 'it applies what it did not consume', id);
    const state = this.store?.peek('environmentState', { application, environment });
    if (operation === 'deploy')
      this.#require(state?.newestStarted === release, 'an older release replaces a newer one', deployment);
    if (operation !== 'destroy')
      this.#require(this.#isProvenBefore({ environment, release }), 'it applies without a proof', deployment);
    this.#require(!(deployment.automatic && state?.hold), 'nobody asked for it and the environment is on hold', id);
  }

  #gate(before: Gate | undefined, after: Gate): void {
    this.#meanings.set(after.digest, after.changeDigest);
    if (!before) {
      this.#require(after.decisions.length + after.voided.length === 0, 'a gate begins without decisions', after);
      return;
    }
    const [madeBefore, madeAfter] = [before, after].map(({ voided, decisions }) => [...voided, ...decisions]);
    const earlier = madeAfter?.slice(0, madeBefore?.length);
    this.#require(same(earlier, madeBefore), 'a decision was changed or lost', after);
    const isAboutAnotherPlan = this.#roundOf(after.deploymentId) > before.round;
    this.#require(
      before.status === 'open' || isAboutAnotherPlan || same(before, after),
      'a closed gate was changed',
      after,
    );
    const people = after.decisions.map(({ by }) => by);
    this.#require(new Set(people).size === people.length, 'one person decided twice', after);
    const others = GATES.filter((gate) => gate !== after.gate).flatMap(
      (gate) => this.#gateOf(after.deploymentId, gate)?.decisions ?? [],
    );
    this.#require(!others.some(({ by }) => people.includes(by)), 'one person decided at two gates', after);
  }

  /** Returns the digests of earlier plans that meant the same as the gate's plan, according to the commits seen. */
  #equalPlans({ carried, changeDigest }: Gate): string[] {
    return carried.map(({ digest }) => digest).filter((digest) => this.#meanings.get(digest) === changeDigest);
  }

  #roundOf(id: string): number {
    return this.store?.peek('deployment', { id })?.round ?? 0;
  }

  #state(before: EnvironmentState | undefined, after: EnvironmentState): void {
    const { holder, queue, environment } = after;
    const statusOf = (id: string) => this.store?.peek('deployment', { id })?.status;
    if (holder && holder.deploymentId !== before?.holder?.deploymentId)
      this.#require(statusOf(holder.deploymentId) === 'planning', 'a new holder begins by planning', holder);
    const left = before?.holder && before.holder.deploymentId !== holder?.deploymentId ? before.holder : undefined;
    const leftAs = left && statusOf(left.deploymentId);
    this.#require(!left || (leftAs && isTerminal(leftAs)), `the holder was changed while it was ${leftAs}`, left);
    for (const operation of ['deploy', 'rollback'])
      this.#require(queue.filter((entry) => entry.operation === operation).length <= 1, `two ${operation}s wait`, {
        environment,
        queue,
      });
    for (const { deploymentId } of queue)
      this.#require(statusOf(deploymentId) === 'queued', 'what waits in the queue is queued', deploymentId);
    for (const { deploymentId } of before?.queue ?? []) {
      const isLost = statusOf(deploymentId) === 'queued' && !queue.some((entry) => entry.deploymentId === deploymentId);
      this.#require(!isLost, 'a queued deployment was lost', deploymentId);
    }
    this.#require(
      after.newestStarted >= (before?.newestStarted ?? 0),
      'the newest release that started went back',
      after,
    );
  }

  /** Checks rule 1 by the endings seen: the latest verdict is a success, and no later rollback went below it. */
  #isProvenBefore({ environment, release }: { environment: string; release: number }): boolean {
    const previous = PIPELINE[PIPELINE.indexOf(environment) - 1];
    if (!previous) return true;
    const endings = this.#endings.filter((ending) => ending.environment === previous && ending.operation !== 'destroy');
    const isVerdict = (ending: Ending) => ending.release === release && VERDICTS.includes(ending.status);
    const latest = endings.findLastIndex(isVerdict);
    if (endings[latest]?.status !== 'succeeded') return false;
    return !endings
      .slice(latest + 1)
      .some(({ operation, status, release: to }) => operation === 'rollback' && status === 'succeeded' && to < release);
  }

  #stateOf(environment: string): EnvironmentState | undefined {
    return this.store?.peek('environmentState', { application: 'my-app', environment });
  }

  #gateOf(deploymentId: string, gate: (typeof GATES)[number]): Gate | undefined {
    return this.store?.peek('gate', { deploymentId, gate });
  }
}

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);
const parsed = <T>(schema: { parse(value: unknown): T }, value: unknown): T | undefined =>
  value === undefined ? undefined : schema.parse(value);
