import { describe, expect, test } from '@jest/globals';
import type { Context } from 'aws-lambda';
import * as z from 'zod';
import { ConflictError, NotHolderError, ServiceUnavailableError } from '../../lambdas/domain/errors.ts';
import { taskHandler } from '../../lambdas/runtime/task-handler.ts';

describe('a task that fails', () => {
  const fails = async (error: Error) => {
    const input = z.object({ deploymentId: z.string() });
    const handler = taskHandler({ input, output: z.object() }, () => Promise.reject(error));
    const context: Pick<Context, 'getRemainingTimeInMillis'> = { getRemainingTimeInMillis: () => 60_000 };
    return handler({ deploymentId: 'my-app-dev1-1-abc123' }, context as Context).catch((thrown: Error) => thrown);
  };

  test.each([
    [new ServiceUnavailableError('S3 was too busy'), 'ConflictError', 'ServiceUnavailableError: S3 was too busy'],
    [new ConflictError('others wrote'), 'ConflictError', 'others wrote'],
    [new NotHolderError('dev1 is held'), 'NotHolderError', 'dev1 is held'],
    [new TypeError('x is undefined'), 'TypeError', 'x is undefined'],
  ])('with %p throws what the definitions of all releases know', async (error, name, message) => {
    expect(await fails(error)).toMatchObject({ name, message });
  });
});
