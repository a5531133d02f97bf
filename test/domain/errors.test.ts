import { expect, test } from '@jest/globals';
import * as errors from '../../lambdas/domain/errors.ts';

const { DomainError, FINAL_ERRORS, PassingError } = errors;

/** One error of every class. */
const all = Object.values(errors).flatMap((exported) => {
  if (
    typeof exported !== 'function' ||
    !(exported.prototype instanceof DomainError) ||
    exported.name === 'PassingError'
  )
    return [];
  const made: unknown = Reflect.construct(exported, ['something', []]);
  return made instanceof DomainError ? [made] : [];
});

test('every error of the domain either passes or is final, and the state machine retries the first kind only', () => {
  const final = all.filter((error) => !(error instanceof PassingError));
  expect(final.map(({ name }) => name).sort()).toEqual([...FINAL_ERRORS].sort());
  expect(all.length).toBeGreaterThan(final.length);
});

test('every error has the name of its class, which Step Functions compares', () => {
  for (const error of all) expect(error.name).toBe(error.constructor.name);
});
