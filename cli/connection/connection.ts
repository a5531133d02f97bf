import { CommandError } from '../output/command-error.ts';
import { type Profile, parseEndpoint, profilesFile, readProfiles } from './profiles.ts';

/** Where the API is, and who calls it. */
export interface Connection {
  readonly url: string;
  /** Region of the signature, when the address does not name it. */
  readonly region: string | undefined;
  /** Caller in a local cloud, which takes a name instead of a signature. */
  readonly principal: string | undefined;
  /** Where the address comes from, for messages. */
  readonly from: string;
}

/** The options and variables that say where the API is. */
interface Given {
  readonly endpoint?: string | undefined;
  readonly profile?: string | undefined;
  readonly region?: string | undefined;
  readonly as?: string | undefined;
}

/** Where `npm start` puts the local cloud when it is given no port. */
export const LOCAL_CLOUD = 'http://127.0.0.1:4700';

/**
 * Returns where the API is: `--endpoint`, else `--profile`, else STAGEGATE_ENDPOINT, else STAGEGATE_PROFILE, else the
 * default profile of the file, else the local cloud of this machine.
 */
export function findConnection(
  { endpoint, profile, region, as }: Given,
  environment: Readonly<Record<string, string | undefined>>,
  homeDirectory: string,
): Connection {
  const connect = (url: string, from: string, saved?: Profile): Connection => ({
    url,
    region: region ?? saved?.region,
    principal: as ?? saved?.as,
    from,
  });
  if (endpoint !== undefined) return connect(parseEndpoint('--endpoint', endpoint), '--endpoint');
  const variable = environment.STAGEGATE_ENDPOINT;
  if (profile === undefined && variable)
    return connect(parseEndpoint('STAGEGATE_ENDPOINT', variable), 'STAGEGATE_ENDPOINT');
  const file = profilesFile(environment, homeDirectory);
  const profiles = readProfiles(file);
  const name = profile ?? (environment.STAGEGATE_PROFILE || profiles?.default);
  if (name === undefined) return connect(LOCAL_CLOUD, 'the usual address of a local cloud');
  const saved = profiles?.profiles[name];
  if (saved === undefined)
    throw new CommandError('usage', `there is no profile ${JSON.stringify(name)} in ${file}`, {
      nextStep: `Profiles there: ${Object.keys(profiles?.profiles ?? {}).join(', ') || 'none'}. Or give --endpoint URL.`,
    });
  return connect(saved.endpoint, `the profile ${name} in ${file}`, saved);
}

/** The header with the caller of a request to a local cloud. */
export const PRINCIPAL_HEADER = 'x-local-principal';

/** The header of a request with a body, if it has one. */
export const contentType = (body: string | undefined): Readonly<Record<string, string>> =>
  body === undefined ? {} : { 'content-type': 'application/json' };

/**
 * Returns whether the address is that of a local cloud, which expects a name instead of a signature. API Gateway is never
 * on a loopback address.
 */
export const isLocal = ({ hostname }: URL): boolean => ['127.0.0.1', 'localhost', '[::1]'].includes(hostname);
