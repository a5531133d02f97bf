import type { BuildCredentials } from '../../../lambdas/domain/contract/build-credentials.ts';
import { type CredentialsBroker, CredentialsError } from './broker.ts';

const MINUTE_MS = 60_000;
/** How long before their end credentials are fetched again, so that a short outage of the broker goes unnoticed. */
const EARLY_MS = 15 * MINUTE_MS;

interface Held {
  readonly credentials: BuildCredentials;
  readonly endsAt: number;
  readonly refreshFrom: number;
}

/**
 * The credentials of one build. They are fetched again before they end, and used until they really end if the broker
 * fails meanwhile.
 */
export class KeptCredentials {
  readonly #broker: CredentialsBroker;
  readonly #now: () => number;
  #held: Held | undefined;
  #asking: Promise<BuildCredentials> | undefined;
  #isRefused = false;

  constructor(broker: CredentialsBroker, now: () => number) {
    this.#broker = broker;
    this.#now = now;
  }

  /** Returns credentials. Waits for the broker only if there are none that are still valid. Throws CredentialsError. */
  async current(): Promise<BuildCredentials> {
    const held = this.#held;
    if (!held || held.endsAt <= this.#now()) return this.#ask();
    this.refreshEarly();
    return held.credentials;
  }

  /** Asks for fresh credentials if it is time. After a refusal, only `current` asks again, once the old ones ended. */
  refreshEarly(): void {
    if (!this.#held || this.#held.refreshFrom > this.#now() || this.#isRefused) return;
    // A failure here is tried again later, and reported once no credentials are left.
    this.#ask().catch(() => undefined);
  }

  /** Asks the broker. Callers at the same time wait for the same answer. */
  #ask(): Promise<BuildCredentials> {
    this.#asking ??= this.#redeem().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #redeem(): Promise<BuildCredentials> {
    try {
      const credentials = await this.#broker.redeem();
      const now = this.#now();
      const endsAt = Date.parse(credentials.expiration);
      // Half of their time at most: credentials with a shorter life than EARLY_MS would be asked for all the time.
      this.#held = { credentials, endsAt, refreshFrom: endsAt - Math.min(EARLY_MS, (endsAt - now) / 2) };
      this.#isRefused = false;
      return credentials;
    } catch (error) {
      this.#isRefused = error instanceof CredentialsError && error.reason === 'credentials-refused';
      throw error;
    }
  }
}
