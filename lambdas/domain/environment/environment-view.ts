import * as z from 'zod';
import { DeploymentViewSchema, viewDeployment } from '../deployment/deployment-view.ts';
import { DnsViewSchema, viewDns } from '../dns/dns-view.ts';
import { environmentPath, type Home } from '../links.ts';
import type { Application } from '../model/application.ts';
import { type Deployment, isTerminal, RequesterSchema } from '../model/deployment.ts';
import {
  configurationDirectoryOf,
  type Environment,
  isProtected,
  roleArnOf,
  stateBucketOf,
} from '../model/environment.ts';
import { EnvironmentEventSchema } from '../model/environment-event.ts';
import { type EnvironmentState, emptyState, nextInQueue } from '../model/environment-state.ts';
import { activeLift } from '../model/lifts/lift.ts';
import { nextOf, previousOf } from '../model/pipeline.ts';
import { DeployedSchema, HoldSchema, type VerdictSchema } from '../model/state/state-parts.ts';
import { LISTINGS } from '../model/table/listings.ts';
import { ParityViewSchema } from '../plan/parity.ts';
import { GateNameSchema, gatesOf, policyOf, StagePolicySchema, StageSchema } from '../policy.ts';
import type { Store, Surroundings } from '../ports.ts';
import { listReadable } from '../transaction/list-all.ts';
import { forEachReadable } from '../transaction/unless-unreadable.ts';
import { findParity } from './find-parity.ts';
import { OutputViewSchema, showOutputs } from './outputs-view.ts';
import { placeWarnings } from './place-warnings.ts';

/** Most deployments and events that are shown with an environment. */
export const NEWEST = 10;

/**
 * The status of the open deployment that holds the environment. Without one: `failed` if the last deployment that
 * succeeded or failed has failed, otherwise `succeeded` if something is deployed, or `empty`. Other endings change
 * nothing and do not count. An ephemeral environment may also be `waiting` for a push to its branch, `closing` between
 * two attempts to destroy it, `stuck` when the attempts were given up, and `closed`.
 */
export const EnvironmentStatusSchema = z.enum([
  ...['empty', 'succeeded', 'failed', 'planning', 'awaiting_approval', 'applying'],
  ...['waiting', 'closing', 'stuck', 'closed'],
] as const);

/** An environment in a list. */
export const EnvironmentSummarySchema = z
  .object({
    application: z.string(),
    name: z.string(),
    type: z.enum(['regular', 'ephemeral']),
    stage: StageSchema,
    status: EnvironmentStatusSchema,
    accountId: z.string(),
    region: z.string(),
    /** The version of the engine that is set for the environment; null: the application's counts. */
    engineVersion: z.string().nullable(),
    deployed: DeployedSchema.nullable(),
    /** Ids of the deployment that holds the environment, and of those that wait for it, in order of arrival. */
    currentDeployment: z.string().nullable(),
    queuedDeployments: z.array(z.string()),
    /** Number of the newest deployment; 0 before the first. */
    newestDeployment: z.int(),
    hold: HoldSchema.nullable(),
    deletionProtection: z.boolean(),
    links: z.object({ self: z.string(), deployments: z.string(), outputs: z.string() }),
  })
  .meta({ id: 'EnvironmentSummary' });
export type EnvironmentSummary = z.input<typeof EnvironmentSummarySchema>;

/** An environment with all its details. */
export const EnvironmentViewSchema = EnvironmentSummarySchema.extend({
  /** Directory of its configuration in the repository. */
  directory: z.string(),
  /** The environments before and after it in the pipeline. */
  promotesFrom: z.string().nullable(),
  promotesTo: z.string().nullable(),
  policy: StagePolicySchema,
  gates: z.array(z.object({ gate: GateNameSchema, required: z.int() })),
  roles: z.object({ plan: z.string(), apply: z.string(), dns: z.string().optional() }),
  stateBucket: z.string(),
  /** File that completes the backend, as a path from its directory; null: none. */
  backendConfigFile: z.string().nullable(),
  /** DynamoDB table in which its backend may lock the state; null: none. */
  lockTable: z.string().nullable(),
  /** `<bucket>/<key>` of its Terraform state, as found in its plans; null before the first plan. */
  stateAddress: z.string().nullable(),
  /** Former addresses of its state; no other environment may use them. */
  formerStateAddresses: z.array(z.string()),
  /** Managed resources in its Terraform state: 0 only if seen in the state itself, not by a build; null if unknown. */
  resources: z.object({ count: z.int(), deploymentId: z.string(), at: z.string() }).nullable(),
  /** Set while a build checks that nothing is left, so that the environment can be removed. */
  removal: z.object({ by: RequesterSchema, at: z.string() }).nullable(),
  outputs: z.record(z.string(), OutputViewSchema),
  /** Hostname and certificate; null for an environment without DNS. */
  dns: DnsViewSchema.nullable(),
  current: DeploymentViewSchema.nullable(),
  queued: DeploymentViewSchema.nullable(),
  history: z.array(DeploymentViewSchema),
  /** For staging and production: differences in what is deployed; null if nothing is deployed in one of them. */
  parity: ParityViewSchema.nullable(),
  /** Addresses whose protection is lifted for one use. */
  protectionLifts: z.array(z.object({ address: z.string(), reason: z.string(), by: z.string(), at: z.string() })),
  /** Modules (by identity), engines and providers that need not be proven for one plan. */
  proofLifts: z.array(
    z.object({
      subject: z.string(),
      reason: z.string(),
      by: z.string(),
      at: z.string(),
      expiresAt: z.string().optional(),
    }),
  ),
  /** Who changed settings, holds and protections, newest first. */
  events: z.array(EnvironmentEventSchema.pick({ at: true, type: true, by: true, reason: true })),
  /** Number of deployments, lifts and events that are left out because a record cannot be read; absent if none are. */
  skipped: z.int().optional(),
  /** What looks wrong with the settings, although it is allowed: a region that this version does not know. Often empty. */
  warnings: z.array(z.string()),
  createdAt: z.string(),
  updatedAt: z.string(),
}).meta({ id: 'Environment' });
export type EnvironmentView = z.input<typeof EnvironmentViewSchema>;

export async function summarizeEnvironment(store: Store, environment: Environment): Promise<EnvironmentSummary> {
  const where = { application: environment.application, environment: environment.name };
  const state = (await store.get('environmentState', where)) ?? emptyState(where.application, where.environment);
  const [holder, last] = await Promise.all([
    state.holder ? store.get('deployment', { id: state.holder.deploymentId }) : undefined,
    findVerdict(store, state),
  ]);
  return summarize(environment, state, holder, last);
}

/** How the last deployment that succeeded or failed has ended; null if there is none. */
type Verdict = z.infer<typeof VerdictSchema> | null;

/** Returns the last verdict of an environment: as the state says, or from the history if the state is an older one. */
export async function findVerdict(store: Pick<Store, 'list'>, state: EnvironmentState): Promise<Verdict> {
  const { application, environment, lastVerdict, newestDeployment } = state;
  if (lastVerdict !== undefined) return lastVerdict;
  if (newestDeployment === 0) return null;
  const { items } = await store.list(LISTINGS.history(application, environment), { limit: NEWEST });
  return verdictIn(state, items);
}

/** Returns the last verdict if the newest deployments are at hand. */
const verdictIn = ({ lastVerdict }: EnvironmentState, newest: readonly Deployment[]): Verdict =>
  lastVerdict === undefined ? lastVerdictIn(newest) : lastVerdict;

/** Returns how the last of the newest deployments that succeeded or failed has ended; they are in order of creation. */
export function lastVerdictIn(newest: readonly Deployment[]): Verdict {
  const [last] = newest.flatMap((each) => (each.status === 'succeeded' || each.status === 'failed' ? each : []));
  return last ? { status: last.status, deploymentId: last.id, at: last.endedAt } : null;
}

export async function viewEnvironment(
  { store, surroundings }: { readonly store: Store; readonly surroundings: Surroundings },
  application: Application,
  environment: Environment,
  home: Home | undefined,
): Promise<EnvironmentView> {
  const { application: app, name } = environment;
  const where = { application: app, environment: name };
  const state = (await store.get('environmentState', where)) ?? emptyState(app, name);
  const { installation } = surroundings;
  const view = (deployment: Deployment) => viewDeployment(store, deployment, home);
  const get = async (entry: { deploymentId: string } | null | undefined) =>
    entry ? store.get('deployment', { id: entry.deploymentId }) : undefined;
  const [history, outputs, dns, address, events, protections, proofs, parity, current, queued] = await Promise.all([
    store.list(LISTINGS.history(app, name), { limit: NEWEST }),
    store.get('outputs', where),
    store.get('environmentDns', where),
    store.get('stateAddress', where),
    store.list(LISTINGS.environmentEvents(app, name), { limit: NEWEST }),
    listReadable(store, LISTINGS.protectionLifts(app, name)),
    listReadable(store, LISTINGS.proofLifts(app, name)),
    findParity(store, application, environment),
    get(state.holder),
    get(nextInQueue(state.queue)),
  ]);
  const shown = await forEachReadable(history.items, view);
  const skipped = [history, events, protections, proofs, shown].flatMap(({ unreadable }) => unreadable).length;
  const policy = policyOf(environment, application.policy);
  const use = { createdAt: environment.createdAt, now: surroundings.now() };
  const isRegular = application.pipeline.includes(name);
  return {
    ...summarize(environment, state, current, verdictIn(state, history.items)),
    directory: configurationDirectoryOf(environment),
    promotesFrom: (isRegular && previousOf(application, name)) || null,
    promotesTo: nextOf(application, name) ?? null,
    policy,
    gates: gatesOf(policy),
    roles: {
      ...environment.roles,
      plan: roleArnOf(installation, environment, 'plan'),
      apply: roleArnOf(installation, environment, 'apply'),
      ...((environment.dns ?? dns) && { dns: roleArnOf(installation, environment, 'dns') }),
    },
    stateBucket: stateBucketOf(installation, environment),
    backendConfigFile: environment.backendConfigFile ?? null,
    lockTable: environment.lockTable ?? null,
    stateAddress: address?.address ?? null,
    formerStateAddresses: address?.former ?? [],
    resources: state.resources ?? null,
    removal: (environment.type === 'regular' && environment.removal) || null,
    outputs: showOutputs(outputs),
    dns: viewDns(application, environment, dns),
    current: current ? await view(current) : null,
    queued: queued ? await view(queued) : null,
    history: shown.found,
    parity: parity ?? null,
    protectionLifts: protections.items.flatMap(({ address, lifts }) => {
      const lift = activeLift(lifts, use);
      return lift ? [{ address, reason: lift.reason, by: lift.by.principal, at: lift.at }] : [];
    }),
    proofLifts: proofs.items.flatMap(({ subject, lifts }) => {
      const lift = activeLift(lifts, use);
      return lift ? [{ ...lift, subject, by: lift.by.principal }] : [];
    }),
    events: events.items,
    ...(skipped > 0 && { skipped }),
    warnings: placeWarnings(environment),
    createdAt: environment.createdAt,
    updatedAt: environment.updatedAt,
  };
}

function summarize(
  environment: Environment,
  state: EnvironmentState,
  holder: Deployment | undefined,
  last: Verdict,
): EnvironmentSummary {
  const { application, name, type, stage, accountId, region, engineVersion } = environment;
  const self = environmentPath(application, name);
  return {
    application,
    name,
    type,
    stage,
    accountId,
    region,
    engineVersion: engineVersion ?? null,
    status: statusOf(environment, state, holder, last),
    deployed: state.deployed,
    currentDeployment: state.holder?.deploymentId ?? null,
    queuedDeployments: state.queue.map(({ deploymentId }) => deploymentId),
    newestDeployment: state.newestDeployment,
    hold: state.hold,
    deletionProtection: isProtected(environment),
    links: { self, deployments: `${self}/deployments`, outputs: `${self}/outputs` },
  };
}

export function statusOf(
  environment: Environment,
  state: EnvironmentState,
  holder: Deployment | undefined,
  last: Verdict,
): EnvironmentSummary['status'] {
  const underWay = EnvironmentStatusSchema.safeParse(holder?.status);
  if (underWay.success && holder && !isTerminal(holder.status)) return underWay.data;
  if (environment.type === 'ephemeral') {
    const { life, commit } = environment;
    if (life.phase === 'closing') return life.stuckAt === undefined ? 'closing' : 'stuck';
    if (life.phase === 'closed') return 'closed';
    if (commit === undefined) return 'waiting';
  }
  if (last?.status === 'failed') return 'failed';
  return state.deployed ? 'succeeded' : 'empty';
}
