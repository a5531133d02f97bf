import type * as z from 'zod';
import { parseGiven } from './parse-given.ts';
import { inOurWords } from './words-for-issues.ts';

/**
 * Parses input from outside, which a person reads the mistakes of. Throws InvalidInputError with every invalid field,
 * the mistake in our words and the value, without what is secret in it.
 */
export const parseInput = <S extends z.ZodType>(
  subject: string,
  schema: S,
  input: unknown,
  nameOf?: (path: readonly PropertyKey[]) => string,
): z.output<S> => parseGiven(subject, schema, input, { ...(nameOf && { nameOf }), words: inOurWords });
