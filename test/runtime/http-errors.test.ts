import { describe, expect, test } from '@jest/globals';
import {
  InvalidInputError,
  NotFoundError,
  NotHolderError,
  REFUSALS,
  RefusedError,
} from '../../lambdas/domain/errors.ts';
import { PROBLEMS, problemOf } from '../../lambdas/runtime/http-errors.ts';

describe('the problem table', () => {
  test('has a class for every refusal, 403 where this caller may never and 409 where things stand otherwise', () => {
    const own: Readonly<Record<string, number>> = {
      'signature-invalid': 401,
      'too-large': 413,
      'idempotency-key-reused': 422,
      'precondition-failed': 412,
    };
    const never = [
      'credentials-refused',
      'not-an-approver',
      'one-person-one-gate',
      'one-session-one-seat',
      'own-request',
      'requester-unknown',
    ];
    for (const refusal of REFUSALS) {
      const { status, type } = problemOf(new RefusedError(refusal, 'no'), '/x');
      expect({ refusal, status, type }).toEqual({
        refusal,
        status: own[refusal] ?? (never.includes(refusal) ? 403 : 409),
        type: `urn:stagegate:problem:${refusal}`,
      });
    }
  });

  test('has a title of its own for each', () => {
    const titles = Object.values(PROBLEMS).map(({ title }) => title);
    expect(new Set(titles).size).toBe(titles.length);
  });

  test('names what is missing and each field that does not fit', () => {
    expect(problemOf(new NotFoundError('release', 'my-app 7'), '/x')).toMatchObject({ status: 404, instance: '/x' });
    const issues = [{ field: 'commit', message: 'too short', value: '"c0"' }];
    expect(problemOf(new InvalidInputError('request', issues), '/x')).toMatchObject({ status: 400, errors: issues });
  });

  test('knows nothing of errors of the workflow: reaching the API they are crashes', () => {
    expect(problemOf(new NotHolderError('the environment is held by another'), '/x')).toEqual({
      type: 'urn:stagegate:problem:internal',
      title: 'Something went wrong on our side',
      status: 500,
    });
  });
});
