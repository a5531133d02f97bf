import middy from '@middy/core';
import type * as z from 'zod';
import { onWire } from '../domain/contract/passing-on-wire.ts';
import { DomainError, InvalidInputError, PassingError } from '../domain/errors.ts';
import { logger } from './logger.ts';
import { parseGiven } from './parse-given.ts';
import { untilCallsEnd } from './until-calls-end.ts';

/**
 * Returns the handler of a Task of the state machine. It parses the payload and the result with their schemas, and logs
 * with the deployment's id. It rethrows errors, because Catch and Retry compare their names. An error that passes gets the
 * name ConflictError, and its own name in front of its message: executions keep the definition with which they were
 * started, and of the errors that pass, those of earlier releases retry only this one.
 */
export function taskHandler<Input extends z.ZodType<{ deploymentId: string }>, Output extends z.ZodType>(
  { input, output }: { input: Input; output: Output },
  perform: (payload: z.output<Input>) => Promise<z.input<Output>>,
) {
  return middy(async (event: unknown): Promise<z.output<Output>> => {
    const payload = parseGiven('task payload', input, event);
    logger.appendKeys({ deploymentId: payload.deploymentId });
    const result = output.parse(await perform(payload));
    logger.info('task done');
    return result;
  })
    .use(untilCallsEnd())
    .onError((request) => {
      const { error } = request;
      if (error instanceof PassingError) {
        logger.warn('task failed for now', { error });
        request.error = onWire(error);
      } else if (error instanceof DomainError && !(error instanceof InvalidInputError))
        logger.warn('task refused', { error });
      else logger.error('task crashed', { error });
    });
}
