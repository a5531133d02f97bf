import type { Api, Schemas } from '../../client/api-client.ts';
import { readAll } from '../../client/read-all.ts';
import { type Deployment, type Environment, readDeployment, readEnvironment } from '../../deployment/deployments.ts';
import type { paths } from '../../generated/api.ts';
import { CommandError } from '../../output/command-error.ts';

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
}

/** Reads everything that the page of a deployment shows. A plan never changes: it is read once. */
export async function readDeploymentNow(
  api: Api,
  place: { readonly app: string; readonly env: string; readonly id: string },
  before: DeploymentNow | undefined,
): Promise<DeploymentNow> {
  const { app, env, id } = place;
  const params = { path: place };
  const deployment = await readDeployment(api, app, env, id);
  const number = deployment.release;
  const digest = deployment.planDigest;
  const [environment, plan, release, events, approvers] = await Promise.all([
    readEnvironment(api, app, env),
    digest !== null && before?.plan?.planDigest === digest ? before.plan : readPlan(api, deployment),
    number === null
      ? undefined
      : api.body(
          api.http.GET('/applications/{app}/releases/{number}', { params: { path: { app, number: String(number) } } }),
        ),
    readAll((query) =>
      api.body(
        api.http.GET('/applications/{app}/environments/{env}/deployments/{id}/events', {
          params: { ...params, query },
        }),
      ),
    ),
    readAll((query) => api.body(api.http.GET('/applications/{app}/approvers', { params: { path: { app }, query } }))),
  ]);
  return { deployment, environment, plan, release, events, approvers };
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
