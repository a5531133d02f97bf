import type { Api, Schemas } from '../client/api-client.ts';
import { CommandError } from '../output/command-error.ts';

export type Deployment = Schemas['Deployment'];
export type Environment = Schemas['Environment'];

export const readDeployment = (api: Api, app: string, env: string, id: string): Promise<Deployment> =>
  api.body(
    api.http.GET('/applications/{app}/environments/{env}/deployments/{id}', { params: { path: { app, env, id } } }),
  );

export const readEnvironment = (api: Api, app: string, env: string): Promise<Environment> =>
  api.body(api.http.GET('/applications/{app}/environments/{env}', { params: { path: { app, env } } }));

/**
 * Returns the deployment that a command is about: the one with this id, else the one under way, else the newest one that
 * is wanted.
 */
export async function findDeployment(
  api: Api,
  app: string,
  env: string,
  id: string | undefined,
  isWanted: (deployment: Deployment) => boolean = () => true,
): Promise<Deployment> {
  if (id !== undefined) return readDeployment(api, app, env, id);
  const { current, queued, history } = await readEnvironment(api, app, env);
  const found = [current, queued, ...history].find((each) => each !== null && isWanted(each));
  if (found) return found;
  throw new CommandError('not-found', `there is no such deployment in ${env} of ${app}`, {
    nextStep: '`stagegate status` shows what is deployed where and what is under way.',
  });
}
