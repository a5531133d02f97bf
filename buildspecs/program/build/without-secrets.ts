import { redact } from '../engine/redact.ts';
import { type Diagnostic, PhaseError } from './failure.ts';

/** Returns the same failure without secrets. */
export const failureWithoutSecrets = (error: PhaseError, secrets: readonly string[]): PhaseError =>
  new PhaseError(error.phase, redact(error.message, secrets), {
    diagnostics: error.diagnostics.map((diagnostic) => findingWithoutSecrets(diagnostic, secrets)),
    ...(error.reason === undefined ? {} : { reason: error.reason }),
  });

/** Most characters of a finding's detail that are kept. */
const LONGEST_DETAIL = 1000;

/**
 * Returns the same finding without secrets, shortened to what helps a person. It is shortened only now: half a secret
 * would not be recognised.
 */
export const findingWithoutSecrets = (
  { summary, detail, address, file, ...rest }: Diagnostic,
  secrets: readonly string[],
): Diagnostic => ({
  ...rest,
  summary: redact(summary, secrets),
  ...(detail === undefined ? {} : { detail: redact(detail, secrets).slice(0, LONGEST_DETAIL).toWellFormed() }),
  ...(address === undefined ? {} : { address: redact(address, secrets) }),
  ...(file === undefined ? {} : { file: redact(file, secrets) }),
});
