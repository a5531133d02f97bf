import type { Api } from '../client/api-client.ts';
import { readAll } from '../client/read-all.ts';
import { isLocal } from '../connection/connection.ts';
import { readEnvironment } from '../deployment/deployments.ts';
import type { ApplicationFacts } from './application-checks.ts';
import { readNameServers } from './name-servers.ts';

/** Reads what the checks of an application need. Throws CommandError. */
export async function readApplicationFacts(api: Api, app: string): Promise<ApplicationFacts> {
  const params = { path: { app } };
  const [{ pipeline }, defined, approvers] = await Promise.all([
    api.body(api.http.GET('/applications/{app}', { params })),
    readAll((query) => api.body(api.http.GET('/applications/{app}/environments', { params: { ...params, query } }))),
    readAll((query) => api.body(api.http.GET('/applications/{app}/approvers', { params: { ...params, query } }))),
  ]);
  const names = pipeline.filter((name) => defined.some((each) => each.name === name));
  return {
    pipeline,
    environments: await Promise.all(names.map((name) => readEnvironment(api, app, name))),
    approvers,
    isLocal: isLocal(new URL(api.connection.url)),
    nameServersOf: readNameServers,
  };
}
