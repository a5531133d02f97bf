import type { Api, Schemas } from '../../client/api-client.ts';
import { readAll, readWhole } from '../../client/read-all.ts';
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
  /** The release that is under way; null for a commit, and when nothing is. */
  readonly coming: Release | null;
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
  readonly approvers: Awaited<ReturnType<typeof readApprovers>>;
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
  clock: () => number,
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
  const kept = before && isQuiet(signs, before) && clock() - before.mark < LONGEST_MS ? before : undefined;
  const [lanes, approvers] = await Promise.all([
    kept?.lanes ?? Promise.all(pipeline.pipeline.map((step) => readLane(api, app, step, releases))),
    kept?.approvers ?? readApprovers(api, app),
  ]);
  const skippedInLanes = lanes.map(({ environment }) => environment?.skipped ?? 0);
  return {
    ...signs,
    ...{ application, lanes, approvers },
    ...{ ephemeral: temporary.items, ephemeralCost: temporary.cost },
    skipped: skippedInLanes.reduce((sum, each) => sum + each, skippedReleases + approvers.skipped + temporary.skipped),
    mark: kept?.mark ?? clock(),
  };
}

/** Returns whether nothing is under way, and all that was read again is as it was. */
function isQuiet(now: Signs, before: ApplicationNow): boolean {
  const isIdle = now.pipeline.pipeline.every(
    ({ environment }) =>
      environment === null || (environment.currentDeployment === null && environment.queuedDeployments.length === 0),
  );
  const isSame = JSON.stringify(now) === JSON.stringify({ pipeline: before.pipeline, releases: before.releases });
  return isIdle && isSame;
}

export const readApprovers = (api: Api, app: string) =>
  readWhole((query) => api.body(api.http.GET('/applications/{app}/approvers', { params: { path: { app }, query } })));

async function readLane(
  api: Api,
  app: string,
  { name, environment: summary }: Pipeline['pipeline'][number],
  releases: readonly Release[],
): Promise<Lane> {
  if (summary === null) return { name, environment: null, deployed: null, release: null, queued: [], coming: null };
  const read = (id: string) => readDeployment(api, app, name, id);
  const environment = await readEnvironment(api, app, name);
  const { deployed, history, current } = environment;
  const releaseOf = async (number: number | null | undefined) =>
    number == null ? null : (releases.find((each) => each.number === number) ?? readRelease(api, app, number));
  const [made, release, coming, ...queued] = await Promise.all([
    deployed && (history.find(({ id }) => id === deployed.deploymentId) ?? read(deployed.deploymentId)),
    releaseOf(deployed?.release),
    releaseOf(current?.release),
    ...environment.queuedDeployments.map(read),
  ]);
  return { name, environment, deployed: made, release, coming, queued: queued.filter((each) => each !== null) };
}

export const readRelease = (api: Api, app: string, number: number): Promise<Release> =>
  api.body(
    api.http.GET('/applications/{app}/releases/{number}', { params: { path: { app, number: String(number) } } }),
  );

/** Reads the temporary environments that there still are. Of one that failed, the newest deployment says why. */
async function readTemporary(api: Api, app: string) {
  let cost: ApplicationNow['ephemeralCost'] = { currency: 'USD', total: 0, unknown: [] };
  let skipped = 0;
  const items = await readAll(async (query) => {
    const params = { path: { app }, query };
    const page = await api.body(api.http.GET('/applications/{app}/ephemeral-environments', { params }));
    // Each page tells of the whole list.
    cost = page.monthlyCost;
    skipped = page.skipped ?? 0;
    return page;
  });
  const found = items.map(async (environment): Promise<Temporary> => {
    const { currentDeployment, deployed, name, status } = environment;
    const known = currentDeployment ?? deployed?.deploymentId;
    const isWrong = status === 'failed' || status === 'stuck';
    if (!isWrong) return { environment, newest: known };
    const [last] = (await readEnvironment(api, app, name)).history;
    return { environment, newest: last?.id ?? known };
  });
  return { items: await Promise.all(found), skipped, cost };
}
