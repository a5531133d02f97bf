import { type JsonRecord, textOf } from '../../json-value.ts';

/** Matches names of fields and environment variables that hold secrets, whatever a provider's schema says. */
const SECRET_NAME =
  /(?:^|_)(?:password|passwd|passphrase|secret|secret_key|private_key|api_?key|access_key|auth_?token|token|credentials?)$/;

/** Rules out nearly every name at once. This test runs for every field of a plan. */
const CANDIDATE = /pass|secret|key|token|credential/i;

/** Returns whether a name points to a secret: `DB_PASSWORD`, `dbPassword`, `db-password`, `db_password`. */
export const isSecretName = (name: string): boolean =>
  CANDIDATE.test(name) &&
  SECRET_NAME.test(
    name
      .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
      .replaceAll('-', '_')
      .toLowerCase(),
  );

/**
 * Returns the secret in a `{ "name": "DB_PASSWORD", "value": … }` pair, as container definitions and build environments
 * write them.
 */
export function namedValueOf(record: JsonRecord): string | undefined {
  const name = textOf(record.name) ?? textOf(record.Name) ?? textOf(record.key) ?? textOf(record.Key);
  const value = textOf(record.value) ?? textOf(record.Value);
  return name !== undefined && value && isSecretName(name) ? value : undefined;
}
