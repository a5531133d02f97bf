import type { Api, Schemas } from '../../client/api-client.ts';
import { readWhole } from '../../client/read-all.ts';
import { type Deployment, type Environment, readDeployment, readEnvironment } from '../../deployment/deployments.ts';
import type { paths } from '../../generated/api.ts';
import { CommandError } from '../../output/command-error.ts';
import { readApprovers, readRelease } from './read-application.ts';

/** So long a plan with the same digest is not read again. */
const SAME_PLAN_MS = 30_000;

type Events =
  paths['/applications/{app}/environments/{env}/deployments/{id}/events']['get']['responses'][200]['content']['application/json'];
export type DeploymentEvent = Events['items'][number];

/** What the page of a deployment shows. */
export interface DeploymentNow {
  readonly deployment: Deployment;
  readonly environment: Environment;
  /** Undefined before there is a plan, and when its details were deleted. */
  readonly plan: Schemas['Plan'] | undefined;
  /** When the plan was read, in milliseconds of a clock that nobody sets. */
  readonly planMark: number;
  /** Undefined for a commit in an ephemeral environment. */
  readonly release: Schemas['Release'] | undefined;
  readonly events: readonly DeploymentEvent[];
  readonly approvers: Awaited<ReturnType<typeof readApprovers>>['items'];
  /** Number of events that are left out because they cannot be read. */
  readonly skipped: number;
}

/** Reads everything that the page of a deployment shows. The plan, which can be large, is read again after a while only: what
 * it does never changes, but how production will differ from staging does. */
export async function readDeploymentNow(
  api: Api,
  place: { readonly app: string; readonly env: string; readonly id: string },
  before: DeploymentNow | undefined,
  clock: () => number,
): Promise<DeploymentNow> {
  const { app, env, id } = place;
  const deployment = await readDeployment(api, app, env, id);
  const { release: number, planDigest: digest } = deployment;
  const [environment, plan, release, { items: events, skipped }, { items: approvers }] = await Promise.all([
    readEnvironment(api, app, env),
    before && clock() - before.planMark < SAME_PLAN_MS && before.plan?.planDigest === digest
      ? before.plan
      : readPlan(api, deployment),
    number === null ? undefined : readRelease(api, app, number),
    readWhole((query) =>
      api.body(
        api.http.GET('/applications/{app}/environments/{env}/deployments/{id}/events', {
          params: { path: place, query },
        }),
      ),
    ),
    readApprovers(api, app),
  ]);
  const planMark = before?.plan === plan && plan !== undefined ? (before?.planMark ?? clock()) : clock();
  return { deployment, environment, plan, planMark, release, events, approvers, skipped };
}

async function readPlan(
  api: Api,
  { application: app, environment: env, id, links }: Deployment,
): Promise<Schemas['Plan'] | undefined> {
  if (links.plan === undefined) return undefined;
  const params = { path: { app, env, id } };
  try {
    return await api.body(api.http.GET('/applications/{app}/environments/{env}/deployments/{id}/plan', { params }));
  } catch (error) {
    if (error instanceof CommandError && error.ending === 'not-found') return undefined;
    throw error;
  }
}
