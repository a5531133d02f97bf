import type { Api, Schemas } from '../client/api-client.ts';
import { type Deployment, type Environment, readDeployment, readEnvironment } from '../deployment/deployments.ts';
import { CommandError } from '../output/command-error.ts';

type Plan = Schemas['Plan'];

/** One of the two things that are compared, as the API tells of it. */
export interface Side {
  /** What was asked for: an environment, or the id of a deployment. */
  readonly label: string;
  readonly environment: Environment;
  /** The deployment, or the one whose content an environment runs; null where nothing is deployed. */
  readonly deployment: Deployment | null;
  /** The analysis of its plan; null if there is none, or if it is not kept any more. */
  readonly plan: Plan | null;
  /** Whether the outputs of the environment are those that the deployment left. */
  readonly hasOutputs: boolean;
}

/** Returns the environment in the id of a deployment of an application; undefined for any other text. */
export function environmentInId(application: string, text: string): string | undefined {
  const [, environment] = /^(.+)-\d{1,7}-[a-z0-9]{6}$/.exec(text) ?? [];
  const prefix = `${application}-`;
  return environment?.startsWith(prefix) ? environment.slice(prefix.length) : undefined;
}

/** Reads one side: an environment by its name, or a deployment by its id. Throws CommandError if there is none. */
export async function readSide(api: Api, app: string, label: string): Promise<Side> {
  const inId = environmentInId(app, label);
  const environment = await readEnvironment(api, app, inId ?? label);
  const id = inId === undefined ? environment.deployed?.deploymentId : label;
  if (id === undefined) return { label, environment, deployment: null, plan: null, hasOutputs: false };
  const [deployment, plan] = await Promise.all([
    readDeployment(api, app, environment.name, id),
    readPlanOf(api, { app, env: environment.name, id }),
  ]);
  return { label, environment, deployment, plan, hasOutputs: environment.deployed?.deploymentId === id };
}

async function readPlanOf(api: Api, path: { app: string; env: string; id: string }): Promise<Plan | null> {
  const plan = api.http.GET('/applications/{app}/environments/{env}/deployments/{id}/plan', { params: { path } });
  return api.body(plan).catch((error: unknown) => {
    if (error instanceof CommandError && error.ending === 'not-found') return null;
    throw error;
  });
}
