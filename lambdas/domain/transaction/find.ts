import { NotFoundError } from '../errors.ts';
import type { Application } from '../model/application.ts';
import type { Approver } from '../model/approver.ts';
import type { Deployment } from '../model/deployment.ts';
import type { EnvironmentDns } from '../model/dns/dns.ts';
import type { Environment, EphemeralEnvironment } from '../model/environment.ts';
import type { Release } from '../model/release.ts';
import type { Reader } from '../ports.ts';

/** Finds things by name. Each function throws NotFoundError, naming the first part of the path that does not exist. */

export async function findApplication(reader: Reader, app: string): Promise<Application> {
  const application = await reader.get('application', { name: app });
  if (!application) throw new NotFoundError('application', app);
  return application;
}

/** Returns the DNS of a deployment's environment, if it has or had any. */
export const findDns = (
  reader: Reader,
  { application, environment }: Deployment,
): Promise<EnvironmentDns | undefined> => reader.get('environmentDns', { application, environment });

/** Returns a part that was read of an application. Throws NotFoundError if the application itself does not exist. */
async function within<T>(reader: Reader, app: string, found: Promise<T>): Promise<T> {
  const [, part] = await Promise.all([findApplication(reader, app), found]);
  return part;
}

export async function findApprover(reader: Reader, app: string, email: string): Promise<Approver> {
  const approver = await within(reader, app, reader.get('approver', { application: app, email }));
  if (!approver) throw new NotFoundError('approver', `${app}/${email}`);
  return approver;
}

export async function findEnvironment(reader: Reader, app: string, env: string): Promise<Environment> {
  const environment = await within(reader, app, reader.get('environment', { application: app, name: env }));
  if (!environment) throw new NotFoundError('environment', `${app}/${env}`);
  return environment;
}

export async function findEphemeral(reader: Reader, app: string, name: string): Promise<EphemeralEnvironment> {
  const environment = await within(reader, app, reader.get('environment', { application: app, name }));
  if (environment?.type !== 'ephemeral') throw new NotFoundError('ephemeral environment', `${app}/${name}`);
  return environment;
}

export async function findRelease(reader: Reader, app: string, number: number): Promise<Release> {
  const release = await within(reader, app, reader.get('release', { application: app, number }));
  if (!release) throw new NotFoundError('release', `${app} ${number}`);
  return release;
}

/** Finds a deployment of exactly this environment: who may see one application must not see deployments of another. */
export async function findDeployment(reader: Reader, app: string, env: string, id: string): Promise<Deployment> {
  const [, deployment] = await Promise.all([findEnvironment(reader, app, env), reader.get('deployment', { id })]);
  if (deployment?.application !== app || deployment.environment !== env) throw new NotFoundError('deployment', id);
  return deployment;
}
