import type { BuildCredentials } from '../../../lambdas/domain/contract/build-credentials.ts';
import { type CredentialsBroker, CredentialsError } from './broker.ts';

const MINUTE_MS = 60_000;
/** A broker that is down for a while is noticed by nobody. */
const EARLY_MS = 15 * MINUTE_MS;

interface Held {
  readonly credentials: BuildCredentials;
  readonly endsAt: number;
  readonly refreshFrom: number;
}

/**
 * The credentials of one build: fetched again before they end, and good until they really do, whatever becomes of the
 * broker meanwhile.
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

  /** What there is; waits for the broker only where nothing is left. Throws CredentialsError. */
  async current(): Promise<BuildCredentials> {
    const held = this.#held;
    if (!held || held.endsAt <= this.#now()) return this.#ask();
    this.refreshEarly();
    return held.credentials;
  }

  /** Asks for fresh credentials where it is time for it. After a refusal only those who are left with none ask again. */
  refreshEarly(): void {
    if (!this.#held || this.#held.refreshFrom > this.#now() || this.#isRefused) return;
    // What fails here is tried again, and told once nothing is left.
    this.#ask().catch(() => undefined);
  }

  /** Everybody waits for the same answer. */
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
      // Those that never live long enough would be asked for all the time.
      this.#held = { credentials, endsAt, refreshFrom: endsAt - Math.min(EARLY_MS, (endsAt - now) / 2) };
      this.#isRefused = false;
      return credentials;
    } catch (error) {
      this.#isRefused = error instanceof CredentialsError && error.reason === 'credentials-refused';
      throw error;
    }
  }
}
