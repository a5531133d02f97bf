import { roleSession } from '../../door/callers.ts';
import type { Door, WireRequest, WireResponse } from '../../door/wire.ts';
import { buildUuid } from './build-ids.ts';
import type { RunningBuild, RunningBuilds } from './running-builds.ts';

/** Credentials are reused until less than this time is left. */
const MARGIN_MS = 5 * 60_000;
const TTL_SECONDS = 3600;

/** Answers the SDKs in a build when they ask for credentials. Only the build itself knows its token. */
export function respondCredentials(
  builds: RunningBuilds,
  door: Door,
): (request: Pick<WireRequest, 'path' | 'headers'>) => WireResponse {
  return ({ path, headers }): WireResponse => {
    const build = builds.findByPath(path);
    if (!build || headers.authorization !== build.token) return { status: 403, headers: {}, body: 'not your build' };
    const { accessKeyId, secretAccessKey, sessionToken, expiration } = credentialsOf(build, door);
    const body = {
      AccessKeyId: accessKeyId,
      SecretAccessKey: secretAccessKey,
      Token: sessionToken,
      Expiration: expiration.toISOString().replace(/\.\d+Z$/, 'Z'),
      RoleArn: build.serviceRoleArn,
    };
    return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  };
}

function credentialsOf(build: RunningBuild, door: Door) {
  const left = (build.credentials?.expiration.getTime() ?? 0) - Date.now();
  if (build.credentials && left >= MARGIN_MS) return build.credentials;
  const session = roleSession(build.serviceRoleArn, `AWSCodeBuild-${buildUuid(build.id)}`);
  build.credentials = door.issueCredentials(session, TTL_SECONDS);
  return build.credentials;
}
