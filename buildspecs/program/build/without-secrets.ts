import { redact } from '../engine/redact.ts';
import { type Diagnostic, PhaseError } from './failure.ts';

/**
 * Returns the same failure without secrets. A message with findings was made of findings without secrets. It stays, as its
 * place may have a short secret in it by chance (`apps/shop`).
 */
export function failureWithoutSecrets(error: PhaseError, secrets: readonly string[]): PhaseError {
  const { phase, message, reason, diagnostics } = error;
  if (diagnostics.length > 0) return error;
  return new PhaseError(phase, redact(message, secrets), reason === undefined ? {} : { reason });
}

/** Most characters of a finding's detail that are kept: of its beginning, and of its end, where a program says how it ended. */
const LONGEST_BEGINNING = 600;
const LONGEST_END = 390;

const shorten = (detail: string): string =>
  detail.length <= LONGEST_BEGINNING + LONGEST_END
    ? detail
    : `${detail.slice(0, LONGEST_BEGINNING).toWellFormed()}\n…\n${detail.slice(-LONGEST_END).toWellFormed()}`;

/**
 * Returns the same finding without secrets, shortened to what helps a person. It is shortened only now: half a secret
 * would not be recognised. The file is one of the repository, whose names are no secrets.
 */
export const findingWithoutSecrets = (
  { summary, detail, address, ...rest }: Diagnostic,
  secrets: readonly string[],
): Diagnostic => ({
  ...rest,
  summary: redact(summary, secrets),
  ...(detail === undefined ? {} : { detail: shorten(redact(detail, secrets)) }),
  ...(address === undefined ? {} : { address: redact(address, secrets) }),
});
