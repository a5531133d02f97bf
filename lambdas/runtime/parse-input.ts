import type * as z from 'zod';
import { type InputIssue, InvalidInputError } from '../domain/errors.ts';

const LONGEST_VALUE = 200;

/** Parses what came from outside. Throws InvalidInputError naming every field, what is wrong with it and its value. */
export function parseInput<S extends z.ZodType>(subject: string, schema: S, input: unknown): z.output<S> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => describe(input, [...issue.path, key], 'there is no such field'))
      : [describe(input, issue.path, issue.message)],
  );
  throw new InvalidInputError(subject, issues);
}

function describe(input: unknown, path: readonly PropertyKey[], message: string): InputIssue {
  return {
    field: path.length > 0 ? path.map(String).join('.') : '(whole)',
    message,
    value: shorten(JSON.stringify(valueAt(input, path)) ?? 'nothing'),
  };
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined),
    input,
  );
}

const shorten = (text: string): string => (text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text);
