import { PhaseError } from '../build/failure.ts';

/** The sentence of AWS about a key of KMS that a role may not use. It names the session of the role before. */
const DENIED_KEY =
  /(?:arn:[a-z-]+:sts::(\d{12}):\S+ )?is not authorized to perform: (kms:\w+) on resource: "?(arn:[a-z-]+:kms:[a-z0-9-]*:(\d{12}):key\/[\w-]+)/i;

/**
 * Returns the same failure. If the key of the state was refused to the build, its message begins with what to do. A
 * diagnostic with an address is about a resource, and not about the state.
 */
export function withDeniedKey(error: unknown): unknown {
  if (!(error instanceof PhaseError)) return error;
  const { phase, message, reason, diagnostics } = error;
  for (const { severity, summary, detail = '', address } of diagnostics) {
    const denied = DENIED_KEY.exec(`${summary} ${detail}`.replace(/\s+/g, ' '));
    if (severity !== 'error' || address !== undefined || !denied) continue;
    const [, ofRole, action = '', arn = '', ofKey] = denied;
    const parameter =
      ofRole === ofKey ? '' : `name it in the parameter StateKmsKeyArn of the stack of the environment's roles, and `;
    const told = `the environment's role may not use the key of the state (${action}), ${arn}: ${parameter}let the policy of the key allow the environment's roles kms:Decrypt and kms:GenerateDataKey`;
    return new PhaseError(phase, `${told} (${message})`, {
      diagnostics,
      ...(reason === undefined ? {} : { reason }),
    });
  }
  return error;
}
