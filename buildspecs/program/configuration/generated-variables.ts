import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { BuildVariables } from '../../../lambdas/domain/contract/build-variables.ts';
import { PhaseError } from '../build/failure.ts';
import type { DeclaredVariable, FileValue } from './variables.ts';

interface Directory {
  /** Path in the repository, for messages. */
  readonly name: string;
  readonly declared: readonly DeclaredVariable[];
  readonly values: readonly FileValue[];
}

const list = (names: readonly string[]) => names.map((name) => `"${name}"`).join(', ');

const refuse = (message: string): never => {
  throw new PhaseError('variables', message);
};

/**
 * Returns the contents of the var file that the plan gets: every required value, and the other values whose variables
 * the directory declares. Refuses a required name that is not declared, of which the engine would only warn. Refuses
 * another value in the directory's own files for a variable that is set `when-declared`: it would be overruled
 * silently.
 */
export function selectVariables(wanted: BuildVariables, directory: Directory): Record<string, unknown> {
  const { name: place, declared, values } = directory;
  const names = new Set(declared.map(({ name }) => name));
  const required = Object.keys(wanted).filter((name) => wanted[name]?.mode === 'required');
  const missing = required.filter((name) => !names.has(name));
  if (missing.length > 0)
    refuse(`the directory "${place}" must declare ${list(missing)}: this environment gets a value for it`);
  const secret = declared.filter(({ name, isSecret }) => required.includes(name) && isSecret);
  if (secret.length > 0)
    refuse(
      `the directory "${place}" declares ${list(secret.map(({ name }) => name))} as sensitive or ephemeral; values given to Stagegate are kept and shown, so let Terraform read secrets itself`,
    );
  const selected = Object.entries(wanted).filter(([name]) => names.has(name));
  for (const [name, { value, mode }] of selected) {
    const other = values.find((set) => set.variable === name && !isDeepStrictEqual(set.value, value));
    if (mode === 'when-declared' && other)
      refuse(
        `${join(place, other.file)}:${other.line}: "${name}" is not what Stagegate sets it to, ${JSON.stringify(value)}; remove the line`,
      );
  }
  return Object.fromEntries(selected.map(([name, { value }]) => [name, value]));
}
