import type { Api, Schemas } from '../../client/api-client.ts';
import { readWhole } from '../../client/read-all.ts';
import { type Deployment, type Environment, readDeployment, readEnvironment } from '../../deployment/deployments.ts';
import type { paths } from '../../generated/api.ts';
import { CommandError } from '../../output/command-error.ts';
import { readApprovers, readRelease } from './read-application.ts';

type Events =
  paths['/applications/{app}/environments/{env}/deployments/{id}/events']['get']['responses'][200]['content']['application/json'];
export type DeploymentEvent = Events['items'][number];

/** What the page of a deployment shows. */
export interface DeploymentNow {
  readonly deployment: Deployment;
  readonly environment: Environment;
  /** Undefined before there is a plan, and when its details were deleted. */
  readonly plan: Schemas['Plan'] | undefined;
  /** Undefined for a commit in an ephemeral environment. */
  readonly release: Schemas['Release'] | undefined;
  readonly events: readonly DeploymentEvent[];
  readonly approvers: readonly Schemas['Approver'][];
  /** Number of events that are left out because they cannot be read. */
  readonly skipped: number;
}

/** Reads everything that the page of a deployment shows. A plan is read once: another has another digest. */
export async function readDeploymentNow(
  api: Api,
  place: { readonly app: string; readonly env: string; readonly id: string },
  before: DeploymentNow | undefined,
): Promise<DeploymentNow> {
  const { app, env, id } = place;
  const deployment = await readDeployment(api, app, env, id);
  const { release: number, planDigest: digest } = deployment;
  const [environment, plan, release, { items: events, skipped }, { items: approvers }] = await Promise.all([
    readEnvironment(api, app, env),
    digest !== null && before?.plan?.planDigest === digest ? before.plan : readPlan(api, deployment),
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
  return { deployment, environment, plan, release, events, approvers, skipped };
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
