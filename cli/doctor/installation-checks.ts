import * as z from 'zod';
import type { Api } from '../client/api-client.ts';
import { isLocal } from '../connection/connection.ts';
import { CommandError } from '../output/command-error.ts';
import { readBuildQuota } from './build-quota.ts';
import { type Check, ok, problem, unknown } from './check.ts';

/** Checks what all applications share. Throws CommandError if the API does not answer. */
export async function checkInstallation(api: Api, version: string, region: string | undefined): Promise<Check[]> {
  const { status } = await api.body(api.http.GET('/health'));
  const reached = ok('API', `${api.connection.url} answers: ${status}`);
  return [reached, await checkVersion(api, version), await checkHealth(api), await checkQuota(api, region)];
}

/** The version of the API that this command line is made for. It changes only with what callers have to change for. */
export const API_VERSION = '1';

const DocumentSchema = z.object({ info: z.object({ version: z.string() }) });

async function checkVersion(api: Api, version: string): Promise<Check> {
  const { data } = DocumentSchema.safeParse(await api.body(api.http.GET('/openapi.json')));
  if (!data) return unknown('versions', 'the document of the API does not tell its version');
  const there = data.info.version;
  if (there === API_VERSION)
    return ok('versions', `command line ${version}, for version ${API_VERSION} of the API, which it is`);
  return problem(
    'versions',
    `command line ${version} is for version ${API_VERSION} of the API, and this is version ${there}`,
    'Install the command line of the same release as the installation.',
  );
}

async function checkHealth(api: Api): Promise<Check> {
  const name = 'records and deployments';
  try {
    const { stuck, unreadableRecords, skipped = 0 } = await api.body(api.http.GET('/health/details'));
    const found = [
      ...stuck.map(({ application, environment, why }) => `${application}/${environment} is stuck: ${why}`),
      ...(unreadableRecords.length > 0 ? [`${unreadableRecords.length} records cannot be read`] : []),
      ...(skipped > 0 ? [`${skipped} records were left out of the look`] : []),
    ];
    if (found.length === 0) return ok(name, 'nothing is stuck, and every record can be read');
    return problem(
      name,
      found.join('; '),
      'See docs/operations.md, "When a deployment does not move" and "When a record cannot be read".',
    );
  } catch (error) {
    if (!(error instanceof CommandError) || error.ending !== 'denied') throw error;
    return unknown(
      name,
      'only an administrator may look',
      'Ask somebody with the role admin to run `stagegate doctor`.',
    );
  }
}

/** Builds at the same time that one deployment needs, and one more for another environment. */
const LEAST_BUILDS = 2;

async function checkQuota({ connection }: Api, region: string | undefined): Promise<Check> {
  const name = 'CodeBuild quota';
  if (isLocal(new URL(connection.url))) return unknown(name, 'a local cloud has no quotas');
  const quota = await readBuildQuota(connection, region);
  if (typeof quota === 'string')
    return unknown(
      name,
      quota,
      'Look in Service Quotas: CodeBuild, "Concurrently running builds for ARM/Small environment".',
    );
  const text = `the account of your credentials may run ${quota} builds at the same time`;
  if (quota >= LEAST_BUILDS) return ok(name, text);
  return problem(
    name,
    text,
    'Ask for more in Service Quotas: CodeBuild, "Concurrently running builds for ARM/Small environment".',
  );
}
