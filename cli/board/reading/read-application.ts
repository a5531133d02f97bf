import type { Api, Schemas } from '../../client/api-client.ts';
import { readAll } from '../../client/read-all.ts';
import { type Deployment, type Environment, readDeployment, readEnvironment } from '../../deployment/deployments.ts';

type Step = { readonly name: string; readonly environment: Schemas['EnvironmentSummary'] | null };

/** An environment of a pipeline with everything that its lane shows. */
export interface Lane {
  readonly name: string;
  /** Null when it is not defined yet. */
  readonly environment: Environment | null;
  /** The deployment that made what runs there; null when nothing does. */
  readonly deployed: Deployment | null;
  readonly queued: readonly Deployment[];
}

/** What the page of an application shows. */
export interface ApplicationNow {
  readonly application: Schemas['ApplicationDetails'];
  readonly delivery: Schemas['DeliveryFigures'];
  readonly lanes: readonly Lane[];
  /** The newest releases, newest first. */
  readonly releases: readonly Schemas['Release'][];
  readonly approvers: readonly Schemas['Approver'][];
  readonly ephemeral: readonly Schemas['EphemeralEnvironment'][];
  readonly ephemeralCost: { readonly currency: string; readonly total: number; readonly unknown: readonly string[] };
  /** What the lanes were read for, to see whether they have to be read again. */
  readonly steps: readonly Step[];
}

/** So many releases are listed, and their lead times drawn. */
const NEWEST = 30;

/**
 * Reads everything that the page of an application shows. What is as it was, and in which nothing is under way, is taken
 * from what was read before: then it asks for three things only.
 */
export async function readApplication(
  api: Api,
  app: string,
  before: ApplicationNow | undefined,
): Promise<ApplicationNow> {
  const params = { path: { app } };
  const [{ pipeline: steps, delivery }, application, temporary] = await Promise.all([
    api.body(api.http.GET('/applications/{app}/pipeline', { params })),
    api.body(api.http.GET('/applications/{app}', { params })),
    api.body(api.http.GET('/applications/{app}/ephemeral-environments', { params })),
  ]);
  const isQuiet = before !== undefined && isSame(steps, before.steps) && steps.every(isIdle);
  const [lanes, releases, approvers] = await Promise.all([
    Promise.all(steps.map((step) => readLane(api, app, step, before))),
    isQuiet ? before.releases : readReleases(api, app),
    isQuiet
      ? before.approvers
      : readAll((query) => api.body(api.http.GET('/applications/{app}/approvers', { params: { ...params, query } }))),
  ]);
  const { items: ephemeral, monthlyCost: ephemeralCost } = temporary;
  return { application, delivery, lanes, releases, approvers, ephemeral, ephemeralCost, steps };
}

async function readReleases(api: Api, app: string): Promise<Schemas['Release'][]> {
  const params = { path: { app }, query: { limit: NEWEST } };
  return (await api.body(api.http.GET('/applications/{app}/releases', { params }))).items;
}

async function readLane(api: Api, app: string, step: Step, before: ApplicationNow | undefined): Promise<Lane> {
  const { name } = step;
  if (step.environment === null) return { name, environment: null, deployed: null, queued: [] };
  const was = before?.steps.find((each) => each.name === name);
  const known = before?.lanes.find((each) => each.name === name);
  if (known && isIdle(step) && isSame(step, was)) return known;
  const read = (id: string) => readDeployment(api, app, name, id);
  const environment = await readEnvironment(api, app, name);
  const { deployed, history } = environment;
  const [made, ...queued] = await Promise.all([
    deployed && (history.find(({ id }) => id === deployed.deploymentId) ?? read(deployed.deploymentId)),
    ...environment.queuedDeployments.map(read),
  ]);
  return { name, environment, deployed: made, queued: queued.filter((each) => each !== null) };
}

/** Returns whether nothing is under way in an environment. */
const isIdle = ({ environment }: Step): boolean =>
  environment === null || (environment.currentDeployment === null && environment.queuedDeployments.length === 0);

const isSame = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);
