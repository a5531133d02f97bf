import type { Api, Schemas } from '../../client/api-client.ts';
import { readWhole } from '../../client/read-all.ts';
import { type Deployment, type Environment, readDeployment, readEnvironment } from '../../deployment/deployments.ts';
import type { paths } from '../../generated/api.ts';

type Pipeline = paths['/applications/{app}/pipeline']['get']['responses'][200]['content']['application/json'];
type Release = Schemas['Release'];

/** An environment of a pipeline with everything that its lane shows. */
export interface Lane {
  readonly name: string;
  /** Null when it is not defined yet. */
  readonly environment: Environment | null;
  /** The deployment that made what runs there; null when nothing does. */
  readonly deployed: Deployment | null;
  /** The release that runs there; null for a commit, and when nothing does. */
  readonly release: Release | null;
  readonly queued: readonly Deployment[];
}

/** A temporary environment, and the deployment that says how it stands. */
export interface Temporary {
  readonly environment: Schemas['EphemeralEnvironment'];
  readonly newest: string | undefined;
}

/** What is read again each time, and shows whether the rest has to be. */
interface Signs {
  readonly pipeline: Pipeline;
  readonly releases: readonly Release[];
}

/** What the page of an application shows. */
export interface ApplicationNow extends Signs {
  readonly application: Schemas['ApplicationDetails'];
  readonly lanes: readonly Lane[];
  readonly approvers: readonly Schemas['Approver'][];
  readonly ephemeral: readonly Temporary[];
  readonly ephemeralCost: { readonly currency: string; readonly total: number; readonly unknown: readonly string[] };
  /** Number of records that are left out because they cannot be read. */
  readonly skipped: number;
  /** When everything was read, in milliseconds of a clock that nobody sets. */
  readonly mark: number;
}

/** So many releases are listed. */
const NEWEST = 30;
/** Everything is read at least as often. */
const LONGEST_MS = 60_000;

/**
 * Reads everything that the page of an application shows. While nothing is under way and the pipeline and its newest
 * releases are as they were, environments and approvers are taken from what was read before, for a minute.
 */
export async function readApplication(
  api: Api,
  app: string,
  before: ApplicationNow | undefined,
): Promise<ApplicationNow> {
  const params = { path: { app } };
  const newest = { ...params, query: { limit: NEWEST } };
  const [pipeline, application, { items: releases, skipped: skippedReleases = 0 }, temporary] = await Promise.all([
    api.body(api.http.GET('/applications/{app}/pipeline', { params })),
    api.body(api.http.GET('/applications/{app}', { params })),
    api.body(api.http.GET('/applications/{app}/releases', { params: newest })),
    readTemporary(api, app),
  ]);
  const signs = { pipeline, releases };
  const kept = before && isQuiet(signs, before) ? before : undefined;
  const [lanes, { items: approvers, skipped: skippedApprovers }] = await Promise.all([
    kept?.lanes ?? Promise.all(pipeline.pipeline.map((step) => readLane(api, app, step, releases))),
    kept ? { items: kept.approvers, skipped: 0 } : readApprovers(api, app),
  ]);
  const skippedInLanes = lanes.map(({ environment }) => environment?.skipped ?? 0);
  return {
    ...signs,
    ...{ application, lanes, approvers },
    ...{ ephemeral: temporary.items, ephemeralCost: temporary.cost },
    skipped: skippedInLanes.reduce((sum, each) => sum + each, skippedReleases + skippedApprovers + temporary.skipped),
    mark: kept?.mark ?? performance.now(),
  };
}

/** Returns whether nothing is under way, and all that was read again is as it was. */
function isQuiet(now: Signs, before: ApplicationNow): boolean {
  const isIdle = now.pipeline.pipeline.every(
    ({ environment }) =>
      environment === null || (environment.currentDeployment === null && environment.queuedDeployments.length === 0),
  );
  const isSame = JSON.stringify(now) === JSON.stringify({ pipeline: before.pipeline, releases: before.releases });
  return isIdle && isSame && performance.now() - before.mark < LONGEST_MS;
}

export const readApprovers = (api: Api, app: string) =>
  readWhole((query) => api.body(api.http.GET('/applications/{app}/approvers', { params: { path: { app }, query } })));

async function readLane(
  api: Api,
  app: string,
  { name, environment: summary }: Pipeline['pipeline'][number],
  releases: readonly Release[],
): Promise<Lane> {
  if (summary === null) return { name, environment: null, deployed: null, release: null, queued: [] };
  const read = (id: string) => readDeployment(api, app, name, id);
  const environment = await readEnvironment(api, app, name);
  const { deployed, history } = environment;
  const number = deployed?.release;
  const [made, release, ...queued] = await Promise.all([
    deployed && (history.find(({ id }) => id === deployed.deploymentId) ?? read(deployed.deploymentId)),
    number === undefined ? null : (releases.find((each) => each.number === number) ?? readRelease(api, app, number)),
    ...environment.queuedDeployments.map(read),
  ]);
  return { name, environment, deployed: made, release, queued };
}

export const readRelease = (api: Api, app: string, number: number): Promise<Release> =>
  api.body(
    api.http.GET('/applications/{app}/releases/{number}', { params: { path: { app, number: String(number) } } }),
  );

/** Reads the temporary environments that there still are. Of one that failed, the newest deployment says why. */
async function readTemporary(api: Api, app: string) {
  let cost: ApplicationNow['ephemeralCost'] = { currency: 'USD', total: 0, unknown: [] };
  const { items, skipped } = await readWhole(async (query) => {
    const params = { path: { app }, query };
    const page = await api.body(api.http.GET('/applications/{app}/ephemeral-environments', { params }));
    cost = page.monthlyCost;
    return page;
  });
  const living = items.filter(({ closedAt }) => closedAt === null);
  const found = living.map(async (environment): Promise<Temporary> => {
    const { currentDeployment, deployed, name, status } = environment;
    const known = currentDeployment ?? deployed?.deploymentId;
    const isWrong = status === 'failed' || status === 'stuck';
    if (!isWrong) return { environment, newest: known };
    const [last] = (await readEnvironment(api, app, name)).history;
    return { environment, newest: last?.id ?? known };
  });
  return { items: await Promise.all(found), skipped, cost };
}
