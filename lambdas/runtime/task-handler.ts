import middy from '@middy/core';
import type * as z from 'zod';
import { DomainError, InvalidInputError } from '../domain/errors.ts';
import { logger } from './logger.ts';
import { parseInput } from './parse-input.ts';

/**
 * A Task of the state machine: parses the payload and the result by schema, logs under the deployment's id. Errors
 * leave with their name, which is what Catch and Retry compare.
 */
export function taskHandler<Input extends z.ZodType<{ deploymentId: string }>, Output extends z.ZodType>(
  { input, output }: { input: Input; output: Output },
  perform: (payload: z.output<Input>) => Promise<z.input<Output>>,
) {
  return middy(async (event: unknown): Promise<z.output<Output>> => {
    const payload = parseInput('task payload', input, event);
    logger.appendKeys({ deploymentId: payload.deploymentId });
    const result = output.parse(await perform(payload));
    logger.info('task done');
    return result;
  }).onError(({ error }) => {
    if (error instanceof DomainError && !(error instanceof InvalidInputError)) logger.warn('task refused', { error });
    else logger.error('task crashed', { error });
  });
}
