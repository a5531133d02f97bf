import type { BuildCredentials } from '../../../lambdas/domain/contract/build-credentials.ts';

/** The credentials broker as one build sees it: it shows its ticket, and again whenever it needs fresh credentials. */
export interface CredentialsBroker {
  /** Throws CredentialsError. */
  redeem(): Promise<BuildCredentials>;
}

/** There are no credentials. The message is one line and holds nothing secret. */
export class CredentialsError extends Error {
  override readonly name = 'CredentialsError';
  /** Refused: asking again is no use. */
  readonly reason: 'credentials-refused' | 'credentials-unavailable';
  constructor(reason: CredentialsError['reason'], message: string, options: ErrorOptions = {}) {
    super(message, options);
    this.reason = reason;
  }
}
