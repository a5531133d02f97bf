import * as z from 'zod';
import { InvalidInputError } from '../errors.ts';

/** Name of an input variable of Terraform. */
export const VariableNameSchema = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/, 'a variable name: letters, digits, "_" and "-", beginning with a letter');

/**
 * A value that a plan gets from Stagegate and not from the directory's own files. `required`: the directory must
 * declare the variable, and this value wins over its files. `when-declared`: passed where the directory declares the
 * variable; a different value in its files is refused.
 */
export const BuildVariableSchema = z.object({ value: z.json(), mode: z.enum(['required', 'when-declared']) });
export type BuildVariable = z.infer<typeof BuildVariableSchema>;
export type BuildVariables = Readonly<Record<string, BuildVariable>>;

/** Most characters of an environment variable's value; CodeBuild refuses longer values. */
export const MOST_CHARACTERS = 4096;

/** Throws InvalidInputError when the variables are too large for one environment variable of a build. */
export function requireFittingVariables(variables: BuildVariables): void {
  const { length } = JSON.stringify(variables);
  if (length > MOST_CHARACTERS)
    throw new InvalidInputError('variables', [
      {
        field: 'variables',
        message: `all together at most ${MOST_CHARACTERS} characters of JSON, with names and modes`,
        value: `${length} characters`,
      },
    ]);
}
