import type { BuildCredentials } from '../../../lambdas/domain/contract/build-credentials.ts';

/** The credentials broker as one build sees it. The build shows its ticket whenever it needs fresh credentials. */
export interface CredentialsBroker {
  /** Shows the ticket and returns credentials. Throws CredentialsError, or the reason of `stop` once that aborts. */
  redeem(stop?: AbortSignal): Promise<BuildCredentials>;
}

/** Thrown when there are no credentials. The message is one line and contains no secret. */
export class CredentialsError extends Error {
  override readonly name = 'CredentialsError';
  /** After `credentials-refused`, asking again does not help. */
  readonly reason: 'credentials-refused' | 'credentials-unavailable';
  constructor(reason: CredentialsError['reason'], message: string, options: ErrorOptions = {}) {
    super(message, options);
    this.reason = reason;
  }
}
