import { type InputIssue, InvalidInputError } from '../errors.ts';
import type { EnvironmentSettings } from '../model/environment.ts';

/**
 * Refuses the control plane's account as a target: whoever applies an environment there could change the control plane,
 * which decides about all the others. Refuses roles of that account for any environment, too. Throws InvalidInputError.
 */
export function requireOtherAccount({ accountId, roles = {} }: EnvironmentSettings, reserved: string): void {
  const issue = (field: string, value: string, what: string): InputIssue => {
    const message = `${what} account of the control plane, which is no target unless stagegate:allowControlAccountAsTarget says so`;
    return { field, message, value: JSON.stringify(value) };
  };
  const issues = [
    ...(accountId === reserved ? [issue('accountId', accountId, 'is the')] : []),
    ...Object.entries(roles).flatMap(([purpose, arn]) =>
      arn?.split(':')[4] === reserved ? [issue(`roles.${purpose}`, arn, 'is of the')] : [],
    ),
  ];
  if (issues.length > 0) throw new InvalidInputError('environment', issues);
}
