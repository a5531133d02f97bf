import * as z from 'zod';
import { ApplicationSchema } from '../../../lambdas/domain/model/application.ts';
import { AuditEntrySchema } from '../../../lambdas/domain/model/audit.ts';
import { type Deployment, DeploymentSchema } from '../../../lambdas/domain/model/deployment.ts';
import { RegularEnvironmentSchema } from '../../../lambdas/domain/model/environment.ts';
import { EnvironmentEventSchema } from '../../../lambdas/domain/model/environment-event.ts';
import { OutcomeSchema } from '../../../lambdas/domain/model/environment-state.ts';
import { ProofLiftsSchema } from '../../../lambdas/domain/model/proof/proof-lift.ts';
import type { Written } from '../../fakes/in-memory-store.ts';
import { type Brought, PlainLedger, type Unproven } from './plain-ledger.ts';
import { PlainLifts, type ShownLift } from './plain-lifts.ts';

/** What happened in histories, so that a test can tell that they contained what it is about. */
export interface Counts {
  appliedInProduction: number;
  rolledBackInProduction: number;
  appliedWithLift: number;
  appliedExempt: number;
  blockedForModule: number;
  blockedForEngine: number;
  blockedBeforeApply: number;
  blockedInStaging: number;
  liftsReturned: number;
}

export const noCounts = (): Counts => ({
  appliedInProduction: 0,
  rolledBackInProduction: 0,
  appliedWithLift: 0,
  appliedExempt: 0,
  blockedForModule: 0,
  blockedForEngine: 0,
  blockedBeforeApply: 0,
  blockedInStaging: 0,
  liftsReturned: 0,
});

/** A plan that was analysed. */
interface Plan {
  readonly brought: Brought;
  readonly isBlocking: boolean;
  /** Number of the commit that recorded it. */
  readonly commit: number;
  /** What was not proven and lifted when people were told of the plan. */
  readonly lifted: readonly string[];
  /** What a success does not prove: without changes nobody is asked, and what is unproven would be blocked. */
  readonly unasked: readonly (string | undefined)[];
}

type Usage = ShownLift & { readonly user: string; readonly change: 'used' | 'freed' };

const DetailsSchema = z.object({ call: z.string(), identity: z.string(), engine: z.string() }).partial();
const [NO_MODULE, NO_ENGINE] = ['not-proven-before', 'engine-not-proven'];
const keyOf = ({ id, round }: Pick<Deployment, 'id' | 'round'>): string => `${id} ${round}`;

/**
 * Checks every commit against the second half of rule 1: what is applied was proven or lifted, and what was proven is
 * not blocked. It has the rule itself and does not use the code that judges plans.
 */
export class ProofChecker {
  readonly violations: string[] = [];
  /** What a deployment lacked that was blocked, by environment. */
  readonly wanting = new Map<string, { readonly release: number; readonly subjects: readonly string[] }>();
  /** What the plans of deployments bring, by deployment and round. */
  readonly brought = new Map<string, Brought>();
  /** Two things happen at a time: a judgement may then be older than the commit that contains it. */
  isConcurrent = false;
  now: () => string = () => '';
  readonly #counts: Counts;
  #ledger = new PlainLedger();
  #lifts = new PlainLifts();
  #plans = new Map<string, Plan>();
  #exempt: readonly string[] = [];
  #isStagingBlocking = false;
  #commits = 0;

  constructor(counts: Counts) {
    this.#counts = counts;
  }

  /** Goes on from what this checker has seen, and counts elsewhere. */
  branch(counts: Counts): ProofChecker {
    const branch = new ProofChecker(counts);
    for (const [key, brought] of this.brought) branch.brought.set(key, brought);
    branch.#ledger = this.#ledger.copy();
    branch.#lifts = this.#lifts.copy();
    branch.#plans = new Map(this.#plans);
    branch.#commits = this.#commits;
    return branch;
  }

  check(written: readonly Written[]): void {
    this.#commits += 1;
    const usages = written.flatMap((each) => (each.kind === 'proofLifts' ? usagesIn(each) : []));
    for (const { kind, before, after } of written) {
      if (kind === 'application') this.#policyIs(ApplicationSchema.parse(after).policy);
      if (kind === 'environment') this.#environmentIs(before, after);
      if (kind === 'environmentEvent') this.#happened(EnvironmentEventSchema.parse(after));
      if (kind === 'auditEntry') this.#audited(AuditEntrySchema.parse(after));
    }
    const changed = written.flatMap(({ kind, before, after }) =>
      kind === 'deployment'
        ? [
            {
              before: before === undefined ? undefined : DeploymentSchema.parse(before),
              after: DeploymentSchema.parse(after),
            },
          ]
        : [],
    );
    for (const usage of usages) this.#lift(usage, changed);
    for (const { before, after } of changed) this.#deployment(before, after, usages, written);
  }

  #policyIs(policy: z.output<typeof ApplicationSchema>['policy']): void {
    this.#exempt = policy?.proof?.exempt ?? [];
    this.#isStagingBlocking = policy?.staging?.proof === 'block';
  }

  #environmentIs(before: unknown, after: unknown): void {
    const { name, accountId, region } = RegularEnvironmentSchema.parse(after);
    const old = before === undefined ? undefined : RegularEnvironmentSchema.parse(before);
    if (!old) this.#lifts.made(name);
    else if (old.accountId !== accountId || old.region !== region) this.#ledger.gone(name);
  }

  #happened({ type, environment }: z.output<typeof EnvironmentEventSchema>): void {
    if (type === 'removed') this.#ledger.gone(environment);
  }

  #audited({ type, environment = '', details, at }: z.output<typeof AuditEntrySchema>): void {
    if (type !== 'proof-lifted') return;
    const { call, identity, engine } = DetailsSchema.parse(details);
    this.#lifts.give({ environment, subject: identity ?? `engine ${engine}`, at, call }, this.#commits);
  }

  /** Lifts are used by what begins to be applied, and come back when its plan turns out to be stale. */
  #lift(usage: Usage, changed: readonly { before: Deployment | undefined; after: Deployment }[]): void {
    const { user, change } = usage;
    const { before, after } = changed.find(({ after: { id } }) => id === user) ?? {};
    if (change === 'freed') {
      this.#counts.liftsReturned += 1;
      this.#require(before?.status === 'applying' && after?.status === 'planning', 'a lift came back', usage);
      const wrong = this.#lifts.free(usage, user);
      this.#require(wrong === undefined, `a lift came back: ${wrong}`, usage);
      return;
    }
    const plan = after && this.#plans.get(keyOf(after));
    this.#require(before?.status !== 'applying' && after?.status === 'applying', 'a lift was used for nothing', usage);
    this.#require(plan?.lifted.includes(usage.subject), 'a lift was used that nobody was told of', usage);
    const wrong = this.#lifts.use(usage, user, plan?.commit ?? 0, this.now());
    this.#require(wrong === undefined, `a lift was used: ${wrong}`, usage);
  }

  #deployment(
    before: Deployment | undefined,
    after: Deployment,
    usages: readonly Usage[],
    written: readonly Written[],
  ): void {
    const { id, environment, release = 0, operation, status } = after;
    const brought = this.brought.get(keyOf(after));
    if (operation === 'destroy' || !brought) return;
    const known = this.#plans.get(keyOf(after));
    const planned = 'planned' in after ? after.planned : undefined;
    const plan =
      known ?? (planned?.round === after.round ? this.#planned(after, planned.hasChanges, brought) : undefined);
    if (!plan) return;
    const reason = before?.blocking ? undefined : after.blocking?.reason;
    if (reason !== undefined) this.#blocked(after, reason, plan, known !== undefined);
    if (status === 'applying' && before?.status !== 'applying') this.#applied(after, plan, usages);
    if (before?.status === 'succeeded') return;
    if (status === 'succeeded')
      this.#ledger.succeeded(environment, release, operation, withoutUnasked(brought, plan.unasked));
    if (status === 'blocked' && before?.status !== 'blocked' && isOfProof(after.error.reason))
      this.#require(
        !written.some(
          ({ kind, before: known }) => kind === 'outcome' && OutcomeSchema.safeParse(known).data?.succeeded,
        ),
        'a block for want of proof withdrew an outcome',
        id,
      );
  }

  /** Notes a plan that was analysed. Nobody is asked about a plan that would be blocked later. */
  #planned(deployment: Deployment, hasChanges: boolean, brought: Brought): Plan {
    const { id, environment } = deployment;
    const unproven = this.#unproven(deployment, brought);
    const lifted = unproven.flatMap(({ subject }) =>
      subject !== undefined &&
      this.#lifts.isUsable({ environment, subject, calls: callsOf(brought, subject) }, this.#commits, this.now())
        ? [subject]
        : [],
    );
    const isBlocking = this.#isBlocking(environment);
    const unasked = hasChanges || !isBlocking ? [] : unproven.map(({ subject }) => subject);
    const plan = { brought, isBlocking, commit: this.#commits, lifted, unasked };
    this.#plans.set(keyOf(deployment), plan);
    const open = unproven.filter(({ subject }) => subject === undefined || !lifted.includes(subject));
    if (hasChanges && plan.isBlocking && !deployment.blocking && !this.isConcurrent)
      this.#require(open.length === 0, 'a plan goes on that has to be blocked', { id, open });
    return plan;
  }

  #blocked(deployment: Deployment, reason: string, plan: Plan, isBeforeApply: boolean): void {
    if (!isOfProof(reason)) return;
    const { id, environment, release = 0 } = deployment;
    this.#counts[reason === NO_MODULE ? 'blockedForModule' : 'blockedForEngine'] += 1;
    if (isBeforeApply) this.#counts.blockedBeforeApply += 1;
    if (environment === 'stage1') this.#counts.blockedInStaging += 1;
    const open = this.#unproven(deployment, plan.brought).filter(
      ({ subject }) =>
        subject === undefined ||
        !(
          plan.lifted.includes(subject) &&
          this.#lifts.isUsable({ environment, subject, calls: callsOf(plan.brought, subject) }, plan.commit, this.now())
        ),
    );
    this.wanting.set(environment, { release, subjects: open.flatMap(({ subject }) => subject ?? []) });
    if (this.isConcurrent) return;
    this.#require(plan.isBlocking || this.#isBlocking(environment), 'it is blocked where it is only told', id);
    const kind = open.some((each) => each.kind === 'module') ? NO_MODULE : open.length > 0 ? NO_ENGINE : undefined;
    this.#require(reason === kind, `it is blocked as ${reason}`, { id, open });
  }

  #applied(deployment: Deployment, plan: Plan, usages: readonly Usage[]): void {
    const { id, environment, operation } = deployment;
    const all = this.#ledger.unproven(environment, 'rollback' === operation ? operation : 'deploy', plan.brought);
    const unproven = this.#unproven(deployment, plan.brought);
    const used = usages.filter(({ user }) => user === id).map(({ subject }) => subject);
    if (plan.isBlocking || this.#isBlocking(environment))
      for (const each of unproven)
        this.#require(
          each.subject !== undefined && used.includes(each.subject),
          `it is applied in ${environment} and was neither proven nor lifted`,
          { id, ...each },
        );
    if (environment !== 'prod1') return;
    this.#counts.appliedInProduction += 1;
    if (operation === 'rollback') this.#counts.rolledBackInProduction += 1;
    if (used.length > 0) this.#counts.appliedWithLift += 1;
    if (all.length > unproven.length) this.#counts.appliedExempt += 1;
  }

  #unproven({ environment, operation }: Deployment, brought: Brought): Unproven[] {
    return this.#ledger
      .unproven(environment, operation === 'rollback' ? 'rollback' : 'deploy', brought)
      .filter(({ source }) => !this.#exempt.includes(source));
  }

  #isBlocking(environment: string): boolean {
    return environment === 'prod1' || (environment === 'stage1' && this.#isStagingBlocking);
  }

  #require(holds: boolean | undefined, rule: string, about: unknown): void {
    if (!holds) this.violations.push(`${rule}: ${JSON.stringify(about)}`);
  }
}

const callsOf = ({ modules }: Brought, subject: string): string[] =>
  modules.filter(({ identity }) => identity === subject).map(({ call }) => call);

const withoutUnasked = ({ modules, engine }: Brought, unasked: Plan['unasked']): Brought => ({
  modules: modules.filter(({ identity }) => !unasked.includes(identity)),
  engine: unasked.includes(`engine ${engine}`) ? 'none' : engine,
});

const isOfProof = (reason: string): boolean => reason === NO_MODULE || reason === NO_ENGINE;

/** Returns which lifts have become used by this write, and which are unused again. */
function usagesIn({ before, after }: Written): Usage[] {
  const { environment, subject, lifts } = ProofLiftsSchema.parse(after);
  const old = before === undefined ? [] : ProofLiftsSchema.parse(before).lifts;
  return lifts.flatMap(({ at, usedBy }, index): Usage[] => {
    const [is, was] = [usedBy?.deploymentId, old[index]?.usedBy?.deploymentId];
    if (is === was) return [];
    const shown = { environment, subject, at };
    return is === undefined
      ? [{ ...shown, user: was ?? '', change: 'freed' }]
      : [{ ...shown, user: is, change: 'used' }];
  });
}
