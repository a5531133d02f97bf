import type * as z from 'zod';
import { type InputIssue, InvalidInputError } from '../domain/errors.ts';

const LONGEST_VALUE = 200;

type Path = readonly PropertyKey[];

const dotted = (path: Path): string => path.map(String).join('.') || '(whole)';

/** Parses input from outside. Throws InvalidInputError with every invalid field, the mistake and the value. */
export function parseInput<S extends z.ZodType>(
  subject: string,
  schema: S,
  input: unknown,
  nameOf: (path: Path) => string = dotted,
): z.output<S> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({ path: [...issue.path, key], message: 'there is no such field' }))
      : [issue],
  );
  throw new InvalidInputError(
    subject,
    issues.map(({ path, message }): InputIssue => {
      const value = shorten(JSON.stringify(valueAt(input, path)) ?? 'nothing');
      return { field: nameOf(path), message, value };
    }),
  );
}

function valueAt(input: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined),
    input,
  );
}

const shorten = (text: string): string => (text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text);
