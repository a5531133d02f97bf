import type * as z from 'zod';
import { type InputIssue, InvalidInputError } from '../domain/errors.ts';
import { shownValue } from './shown-value.ts';

type Path = readonly PropertyKey[];

const dotted = (path: Path): string => path.map(String).join('.') || '(whole)';

/**
 * Parses what another part of Stagegate gives: events and payloads of tasks. Throws InvalidInputError with every invalid
 * field, the mistake and the value, without what is secret in it. `words` says what is wrong where a person reads it.
 */
export function parseGiven<S extends z.ZodType>(
  subject: string,
  schema: S,
  input: unknown,
  { nameOf = dotted, words }: { readonly nameOf?: (path: Path) => string; readonly words?: z.core.$ZodErrorMap } = {},
): z.output<S> {
  const parsed = schema.safeParse(input, words && { error: words });
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({ path: [...issue.path, key], message: 'there is no such field' }))
      : [issue],
  );
  throw new InvalidInputError(
    subject,
    issues.map(
      ({ path, message }): InputIssue => ({
        field: nameOf(path),
        message,
        value: shownValue(valueAt(input, path), path),
      }),
    ),
  );
}

function valueAt(input: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined),
    input,
  );
}
