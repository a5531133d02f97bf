import type { Api } from '../client/api-client.ts';
import { readAll } from '../client/read-all.ts';
import { CommandError } from '../output/command-error.ts';
import { installationIn } from './installation-of.ts';
import type { Registered, RegistrationRequest } from './registration-requests.ts';

/** Reads what is registered of an application; undefined if it is not. */
export async function readRegistered(api: Api, app: string): Promise<Registered | undefined> {
  const params = { path: { app } };
  const application = await api.body(api.http.GET('/applications/{app}', { params })).catch((error: unknown) => {
    if (error instanceof CommandError && error.ending === 'not-found') return undefined;
    throw error;
  });
  if (!application) return undefined;
  const [environments, approvers] = await Promise.all([
    readAll((query) => api.body(api.http.GET('/applications/{app}/environments', { params: { ...params, query } }))),
    readAll((query) => api.body(api.http.GET('/applications/{app}/approvers', { params: { ...params, query } }))),
  ]);
  return { application, environments, approvers };
}

/** Sends one request. Throws CommandError if it is refused. */
export async function send(api: Api, app: string, request: RegistrationRequest): Promise<void> {
  if (request.kind === 'application')
    await api.body(api.http.PUT('/applications/{app}', { params: { path: { app } }, body: request.body }));
  else if (request.kind === 'environment') {
    const path = { app, env: request.name };
    await api.body(api.http.PUT('/applications/{app}/environments/{env}', { params: { path }, body: request.body }));
  } else {
    const path = { app, email: request.email };
    await api.body(api.http.PUT('/applications/{app}/approvers/{email}', { params: { path }, body: request.body }));
  }
}

/**
 * Makes release 1, if the application has no release yet. `findCommit` is asked for its commit then; there is no release
 * without one. Returns the number of the release, or undefined.
 */
export async function makeFirstRelease(
  api: Api,
  app: string,
  findCommit: () => Promise<string | undefined>,
): Promise<number | undefined> {
  const params = { path: { app } };
  const { items } = await api.body(
    api.http.GET('/applications/{app}/releases', { params: { ...params, query: { limit: 1 } } }),
  );
  if (items.length > 0) return undefined;
  const commit = await findCommit();
  if (commit === undefined) return undefined;
  return (await api.body(api.http.POST('/applications/{app}/releases', { params, body: { commit } }))).number;
}

/** Returns the name of the installation, as the roles of an environment begin with it. */
export async function readInstallation(api: Api, app: string, env: string): Promise<string> {
  const path = { app, env };
  const { roles } = await api.body(api.http.GET('/applications/{app}/environments/{env}', { params: { path } }));
  return installationIn(roles, app, env);
}
