import { GenerateMacCommand, KMSClient } from '@aws-sdk/client-kms';
import type { WebhookSecrets } from '../domain/ports.ts';

/** The most secrets that are kept in memory. A limit is needed because strangers can ask for any number of them. */
const MOST_REMEMBERED = 500;

/**
 * The secret of a generation is the HMAC of `github/<generation>` (`github/<generation>/<part>` for a part of a git
 * host) as base64, which is also what `aws kms generate-mac` prints. A function instance derives a secret once.
 */
export class KmsWebhookSecrets implements WebhookSecrets {
  readonly #keyId: string;
  readonly #generations: readonly string[];
  readonly #client: KMSClient;
  readonly #known = new Map<string, string>();

  constructor(keyId: string, generations: readonly string[], client: KMSClient = new KMSClient({})) {
    this.#keyId = keyId;
    this.#generations = generations;
    this.#client = client;
  }

  of(part?: string): Promise<readonly string[]> {
    return Promise.all(
      this.#generations.map((generation) => this.#secret(['github', generation, ...(part ? [part] : [])].join('/'))),
    );
  }

  async #secret(name: string): Promise<string> {
    const known = this.#known.get(name);
    if (known) return known;
    const { Mac } = await this.#client.send(
      new GenerateMacCommand({ KeyId: this.#keyId, MacAlgorithm: 'HMAC_SHA_256', Message: Buffer.from(name) }),
    );
    if (!Mac) throw new Error(`deriving the webhook secret ${name}: KMS gave no MAC`);
    const secret = Buffer.from(Mac).toString('base64');
    if (this.#known.size >= MOST_REMEMBERED) this.#known.clear();
    this.#known.set(name, secret);
    return secret;
  }
}
