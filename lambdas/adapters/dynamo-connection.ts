import { partition } from '@aws-sdk/core/client';
import { defaultProvider } from '@aws-sdk/credential-provider-node';
import { loadConfig, NODE_REGION_CONFIG_FILE_OPTIONS, NODE_REGION_CONFIG_OPTIONS } from '@smithy/core/config';
import { NodeHttpHandler } from '@smithy/node-http-handler';

/** Where to read the endpoint (that of DynamoDB, else that for all services), under the names that the SDK uses. */
const ENDPOINT_OPTIONS: Parameters<typeof loadConfig<string | undefined>>[0] = {
  environmentVariableSelector: (variables) => variables.AWS_ENDPOINT_URL_DYNAMODB ?? variables.AWS_ENDPOINT_URL,
  configFileSelector: (profile) => profile.endpoint_url,
  default: undefined,
};

/** The endpoint, region and credentials to use instead of those in the environment. */
export interface DynamoAccess {
  readonly endpoint?: string;
  readonly region?: string;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** What reads and writes share: the endpoint, the credentials and the open sockets. */
export class DynamoConnection {
  readonly region: () => Promise<string>;
  readonly credentials: ReturnType<typeof defaultProvider>;
  readonly http = new NodeHttpHandler();
  readonly #endpoint: () => Promise<string | undefined>;

  constructor({ endpoint, region, credentials }: DynamoAccess = {}) {
    this.region = region ? async () => region : loadConfig(NODE_REGION_CONFIG_OPTIONS, NODE_REGION_CONFIG_FILE_OPTIONS);
    this.credentials = credentials ? async () => credentials : defaultProvider();
    this.#endpoint = endpoint ? async () => endpoint : loadConfig(ENDPOINT_OPTIONS);
  }

  async url(): Promise<URL> {
    const [endpoint, region] = await Promise.all([this.#endpoint(), this.region()]);
    return new URL(endpoint ?? `https://dynamodb.${region}.${partition(region).dnsSuffix}`);
  }
}
