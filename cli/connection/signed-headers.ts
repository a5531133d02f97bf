import { defaultProvider } from '@aws-sdk/credential-provider-node';
import { Sha256 } from '@smithy/core/checksum';
import { loadConfig, NODE_REGION_CONFIG_FILE_OPTIONS, NODE_REGION_CONFIG_OPTIONS } from '@smithy/core/config';
import { SignatureV4 } from '@smithy/signature-v4';
import { contentType } from './connection.ts';

interface Content {
  readonly method: string;
  readonly body?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  /** The service that is called, by its name in signatures. The default is the API of Stagegate. */
  readonly service?: string;
}

/** Finds the credentials once for all requests of a process, and again when they expire. */
let credentials = defaultProvider();

/** Looks for credentials again with the next request: somebody may have renewed them in a file. */
export function forgetCredentials(): void {
  credentials = defaultProvider({ ignoreCache: true });
}

/**
 * Signs a request with Signature Version 4, with the AWS credentials that the SDK finds. Returns all headers, to be sent
 * with exactly this body. The region is the given one, else that of the address, else that of the environment.
 */
export async function signedHeaders(
  address: URL,
  given: string | undefined,
  { method, body, headers = {}, service = 'execute-api' }: Content = { method: 'GET' },
): Promise<Record<string, string>> {
  const { protocol, hostname, host, pathname: path, searchParams } = address;
  const region = given ?? /\.execute-api\.([a-z0-9-]+)\./.exec(hostname)?.[1] ?? (await configuredRegion());
  const signer = new SignatureV4({ service, region, credentials, sha256: Sha256 });
  const query: Record<string, string | string[]> = Object.fromEntries(
    [...new Set(searchParams.keys())].map((name) => [name, searchParams.getAll(name)]),
  );
  const request = { method, protocol, hostname, path, query, headers: { host, ...contentType(body), ...headers } };
  return (await signer.sign({ ...request, ...(body !== undefined && { body }) })).headers;
}

const configuredRegion = loadConfig(NODE_REGION_CONFIG_OPTIONS, NODE_REGION_CONFIG_FILE_OPTIONS);
