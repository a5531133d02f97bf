import { randomBytes } from 'node:crypto';
import { AwsError, type Caller, type Credentials } from './wire.ts';

/** Throws to refuse a call that is signed with a valid key at a time when the owner of the key must not call. */
export type KeyGuard = () => void;

interface IssuedKey {
  readonly caller: Caller;
  readonly secretAccessKey: string;
  /** Undefined for long-lived keys. */
  readonly sessionToken: string | undefined;
  readonly expiresAt: number;
  guard?: KeyGuard;
}

export interface CredentialStore {
  issue(caller: Caller, ttlSeconds: number): Credentials;
  /** Adds a publicly known key for the person at the keyboard. */
  addFixed(key: { accessKeyId: string; secretAccessKey: string }, caller: Caller): void;
  guard(accessKeyId: string, guard: KeyGuard): void;
  revoke(accessKeyId: string): void;
  /**
   * Returns the owner and the secret of a key. Throws as AWS does when the key is unknown or expired, or the token is
   * not the key's.
   */
  identify(
    accessKeyId: string,
    sessionToken: string | undefined,
    now: Date,
  ): { caller: Caller; secretAccessKey: string };
}

/** Characters of access keys: only letters and digits, because DynamoDB Local refuses everything else. */
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

function randomText(length: number): string {
  return Array.from(randomBytes(length), (byte) => ALPHABET[byte % ALPHABET.length]).join('');
}

export function createCredentialStore(): CredentialStore {
  const keys = new Map<string, IssuedKey>();
  return {
    issue(caller, ttlSeconds) {
      const expiration = new Date(Date.now() + ttlSeconds * 1000);
      const accessKeyId = `ASIA${randomText(16)}`;
      const secretAccessKey = randomText(40);
      const sessionToken = randomText(64);
      keys.set(accessKeyId, { caller, secretAccessKey, sessionToken, expiresAt: expiration.getTime() });
      return { accessKeyId, secretAccessKey, sessionToken, expiration };
    },
    addFixed({ accessKeyId, secretAccessKey }, caller) {
      keys.set(accessKeyId, { caller, secretAccessKey, sessionToken: undefined, expiresAt: Number.POSITIVE_INFINITY });
    },
    guard(accessKeyId, guard) {
      const key = keys.get(accessKeyId);
      if (!key) throw new Error(`guarding access key ${accessKeyId}: no such key`);
      key.guard = guard;
    },
    revoke: (accessKeyId) => void keys.delete(accessKeyId),
    identify(accessKeyId, sessionToken, now) {
      const key = keys.get(accessKeyId);
      if (!key || (key.sessionToken !== undefined && key.sessionToken !== sessionToken)) {
        throw new AwsError(
          'UnrecognizedClientException',
          'The security token included in the request is invalid.',
          403,
        );
      }
      if (key.expiresAt <= now.getTime()) {
        throw new AwsError('ExpiredTokenException', 'The security token included in the request is expired');
      }
      key.guard?.();
      return { caller: key.caller, secretAccessKey: key.secretAccessKey };
    },
  };
}
