import * as z from 'zod';
import { isCounted } from '../deployment/keep-delivery.ts';
import { UnreadableRecordError } from '../errors.ts';
import { deploymentPath, environmentPath } from '../links.ts';
import type { Application } from '../model/application.ts';
import {
  type Counted,
  type DeliveryFigures,
  DeliveryFiguresSchema,
  daysOf,
  figuresOf,
} from '../model/delivery/figures.ts';
import { type Deployment, RequesterSchema, StatusSchema } from '../model/deployment.ts';
import type { Environment } from '../model/environment.ts';
import { type EnvironmentState, emptyState } from '../model/environment-state.ts';
import { approvalsOf, type Gate } from '../model/gate.ts';
import { gateInForce } from '../model/gates-in-force.ts';
import { DeployedSchema, HoldSchema, VerdictSchema } from '../model/state/state-parts.ts';
import { OperationSchema } from '../operation.ts';
import { GATES, GateNameSchema, StageSchema } from '../policy.ts';
import type { Store } from '../ports.ts';
import { unlessUnreadable } from '../transaction/unless-unreadable.ts';
import { EnvironmentStatusSchema, type EnvironmentSummary, findVerdict, statusOf } from './environment-view.ts';

/** For whom or what a deployment waits that holds its environment. */
const WaitsForSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('approval'),
    gate: GateNameSchema,
    /** Number of approvers that are needed now, and who has approved. */
    required: z.int(),
    approvedBy: z.array(z.string()),
    since: z.string(),
    expiresAt: z.string(),
  }),
  z.object({ kind: z.literal('end-of-ban'), since: z.string() }),
]);

const UnderWaySchema = z.object({
  deploymentId: z.string(),
  /** Null in a deployment without a release. */
  release: z.int().nullable(),
  commit: z.string(),
  operation: OperationSchema,
  status: StatusSchema,
  automatic: z.boolean(),
  requestedBy: RequesterSchema,
  /** Since when it holds the environment or, in the queue, waits for it. */
  since: z.string(),
  /** Null while it waits for nobody. */
  waitsFor: WaitsForSchema.nullable(),
  links: z.object({ self: z.string() }),
});

/** An environment of a pipeline as the list of applications shows it. */
const EnvironmentInPipelineSchema = z.object({
  stage: StageSchema,
  status: EnvironmentStatusSchema,
  deployed: DeployedSchema.omit({ modules: true }).nullable(),
  /** The deployment that holds the environment. */
  underWay: UnderWaySchema.nullable(),
  /** The deployments that wait for it, in order of arrival. */
  queued: z.array(UnderWaySchema),
  hold: HoldSchema.nullable(),
  /** How the last deployment that succeeded or failed has ended; null if there is none. */
  lastVerdict: VerdictSchema.nullable(),
  links: z.object({ self: z.string() }),
});

/** What happens in the pipeline of an application, and how it delivers. */
export const ApplicationSummarySchema = z
  .object({
    environments: z.array(
      z.object({
        name: z.string(),
        position: z.int(),
        /** Null while the environment is in the pipeline but not yet defined. */
        environment: EnvironmentInPipelineSchema.nullable(),
      }),
    ),
    delivery: DeliveryFiguresSchema,
  })
  .meta({ id: 'ApplicationSummary' });
export type ApplicationSummary = z.input<typeof ApplicationSummarySchema>;

/** An environment with its state. */
interface Place {
  readonly environment: Environment | undefined;
  readonly state: EnvironmentState;
}

/**
 * Summarizes the pipelines of a page of applications; null for one of which a record cannot be read. Everything is read
 * in two rounds, however many applications there are: the states of all environments, then what is under way in them.
 */
export async function summarizePipelines(
  store: Store,
  applications: readonly Application[],
  now: string,
): Promise<(ApplicationSummary | null)[]> {
  const places = await Promise.all(applications.map((each) => unlessUnreadable(() => placesOf(store, each))));
  return Promise.all(
    applications.map(async (application, index) => {
      const found = places[index];
      if (found === undefined || found instanceof UnreadableRecordError) return null;
      const summary = await unlessUnreadable(() => summarize(store, application, found, now));
      return summary instanceof UnreadableRecordError ? null : summary;
    }),
  );
}

function placesOf(store: Store, { name: application, pipeline }: Application): Promise<Place[]> {
  return Promise.all(
    pipeline.map(async (name) => {
      const [environment, state] = await Promise.all([
        store.get('environment', { application, name }),
        store.get('environmentState', { application, environment: name }),
      ]);
      return { environment, state: state ?? emptyState(application, name) };
    }),
  );
}

async function summarize(
  store: Store,
  application: Application,
  places: readonly Place[],
  now: string,
): Promise<ApplicationSummary> {
  const [shown, counted] = await Promise.all([
    Promise.all(places.map(({ environment, state }) => environment && show(store, application, environment, state))),
    countersIn(
      store,
      places.flatMap(({ environment, state }) =>
        environment ? { ...environment, newestDeployment: state.newestDeployment } : [],
      ),
    ),
  ]);
  const environments = application.pipeline.map((name, index) => ({
    name,
    position: index + 1,
    environment: shown[index] ?? null,
  }));
  return { environments, delivery: figuresOf(counted, now) };
}

/** What is to be known of an environment before its counters are read. */
type Delivering = Pick<EnvironmentSummary, 'application' | 'name' | 'type' | 'stage' | 'newestDeployment'>;

/** Returns the counters of the production environments among these. */
function countersIn(store: Store, environments: readonly Delivering[]): Promise<Counted[]> {
  return Promise.all(
    environments.filter(isCounted).map(async ({ application, name, newestDeployment }) => {
      const delivery = await store.get('delivery', { application, environment: name });
      return { environment: name, delivery, hasDeployments: newestDeployment > 0 };
    }),
  );
}

/** Returns how the environments of a pipeline deliver: the figures, and the days that they are made of. */
export async function deliveryOf(
  store: Store,
  environments: readonly Delivering[],
  now: string,
): Promise<{ delivery: DeliveryFigures; deliveryByDay: ReturnType<typeof daysOf> }> {
  const counted = await countersIn(store, environments);
  return { delivery: figuresOf(counted, now), deliveryByDay: daysOf(counted, now) };
}

type Shown = NonNullable<ApplicationSummary['environments'][number]['environment']>;
type UnderWay = NonNullable<Shown['underWay']>;

async function show(
  store: Store,
  application: Application,
  environment: Environment,
  state: EnvironmentState,
): Promise<Shown> {
  const { holder } = state;
  const [holding, gates, queued, last] = await Promise.all([
    holder ? store.get('deployment', { id: holder.deploymentId }) : undefined,
    holder ? gatesOf(store, holder.deploymentId) : [],
    Promise.all(state.queue.map(({ deploymentId: id }) => store.get('deployment', { id }))),
    findVerdict(store, state),
  ]);
  return {
    stage: environment.stage,
    status: statusOf(environment, state, holding, last),
    deployed: state.deployed,
    underWay:
      holder && holding
        ? showDeployment(holding, holder.since, waitsFor(holding, gates, { application, environment }))
        : null,
    queued: queued.flatMap((each) => (each ? showDeployment(each, each.createdAt, null) : [])),
    hold: state.hold,
    lastVerdict: last,
    links: { self: environmentPath(application.name, environment.name) },
  };
}

async function gatesOf(store: Store, deploymentId: string): Promise<Gate[]> {
  const gates = await Promise.all(GATES.map((gate) => store.get('gate', { deploymentId, gate })));
  return gates.filter((gate) => gate !== undefined);
}

function showDeployment(deployment: Deployment, since: string, waits: UnderWay['waitsFor']): UnderWay {
  const { id, release = null, commit, operation, status, automatic, requestedBy } = deployment;
  const facts = { deploymentId: id, release, commit, operation, status, automatic, requestedBy };
  return { ...facts, since, waitsFor: waits, links: { self: deploymentPath(deployment) } };
}

function waitsFor(
  deployment: Deployment,
  gates: readonly Gate[],
  target: { readonly application: Application; readonly environment: Environment },
): UnderWay['waitsFor'] {
  if ('appliesBannedSince' in deployment && deployment.appliesBannedSince !== undefined)
    return { kind: 'end-of-ban', since: deployment.appliesBannedSince };
  const open = deployment.status === 'awaiting_approval' && gates.find(({ status }) => status === 'open');
  if (!open) return null;
  const { gate, required, openedAt, expiresAt } = gateInForce(open, deployment, target);
  const approvedBy = approvalsOf(open).map(({ by }) => by);
  return { kind: 'approval', gate, required, approvedBy, since: openedAt, expiresAt };
}
