import * as z from 'zod';
import type { UnreadableRecordError } from '../errors.ts';

/** Most problems of one record that are told. */
const MOST_TOLD = 5;

/**
 * Says what of an unreadable record does not fit: the fields and what is wrong with each, never a value. A message of a
 * schema is left out, because it may contain the value.
 */
export function problemsOf({ cause }: UnreadableRecordError): string[] {
  const issues = cause instanceof z.ZodError ? cause.issues : [];
  const problems = issues.map((issue) => {
    const field = issue.path.map(String).join('.') || 'the record';
    const wanted = issue.code === 'invalid_type' ? ` (expected ${issue.expected})` : '';
    return `${field}: ${issue.code.replaceAll('_', ' ')}${wanted}`.slice(0, 200);
  });
  const more = problems.length - MOST_TOLD;
  return more > 0 ? [...problems.slice(0, MOST_TOLD), `${more} more`] : problems;
}
