import { type ConditionContext, requireKnownKey } from './condition.ts';
import { literalPattern } from './wildcard.ts';

const VARIABLE = /\$\{([^}]*)\}/g;

/**
 * Throws an error that names a policy variable (`${aws:PrincipalTag/team}`) for which no call of the local cloud has a
 * value.
 */
export function requireKnownVariables(pattern: string): void {
  for (const [, name = ''] of pattern.matchAll(VARIABLE)) requireKnownKey(name);
}

/**
 * Replaces the policy variables of a pattern by plain text. Returns undefined when the call has no value for one of
 * them.
 */
export function fillVariables(pattern: string, context: ConditionContext): string | undefined {
  if (!pattern.includes('${')) return pattern;
  let isComplete = true;
  const filled = pattern.replace(VARIABLE, (_, name: string) => {
    const value = context.get(name.toLowerCase())?.[0];
    if (value === undefined) isComplete = false;
    return literalPattern(value ?? '');
  });
  return isComplete ? filled : undefined;
}
