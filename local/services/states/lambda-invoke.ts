import * as z from 'zod';
import { type Json, JsonSchema } from '../../asl/json.ts';
import { RUNTIME_ERROR } from '../../asl/state-failure.ts';
import type { AwsError, Door } from '../../door/wire.ts';
import { asTaskError, type Integration, TaskError } from './integration.ts';

const ArgumentsSchema = z.strictObject({ FunctionName: z.string(), Payload: JsonSchema.optional() });
const AnswerSchema = z.object({
  StatusCode: z.number(),
  ExecutedVersion: z.string().default('$LATEST'),
  FunctionError: z.string().optional(),
  Payload: z.union([z.instanceof(Uint8Array), z.string()]).optional(),
});
const FunctionErrorSchema = z.object({ errorType: z.string().default('Lambda.Unknown') });

/** Makes `lambda:invoke`. An error of the function appears under its own errorType, with the whole error as Cause. */
export function createLambdaInvoke(door: Door): Integration {
  return {
    patterns: ['waitForTaskToken'],
    async submit(parameters, caller) {
      const parsed = ArgumentsSchema.safeParse(parameters);
      if (!parsed.success) throw new TaskError(RUNTIME_ERROR, `lambda:invoke: ${z.prettifyError(parsed.error)}`);
      const { FunctionName, Payload = {} } = parsed.data;
      const answer = AnswerSchema.parse(
        await door
          .call(caller, 'lambda', 'Invoke', { FunctionName, Payload: Buffer.from(JSON.stringify(Payload)) })
          .catch((error: unknown) => {
            throw asTaskError(error, 'Lambda', lambdaErrorCode);
          }),
      );
      const text = Buffer.from(answer.Payload ?? 'null').toString('utf8');
      if (answer.FunctionError !== undefined) {
        const { errorType } = FunctionErrorSchema.parse(JSON.parse(text));
        throw new TaskError(errorType, text);
      }
      const payload: Json = text === '' ? null : JSON.parse(text);
      return { ExecutedVersion: answer.ExecutedVersion, Payload: payload, StatusCode: answer.StatusCode };
    },
  };
}

/**
 * Returns the error code for a task. AWS reports a missing permission as Lambda.AWSLambdaException, which CDK's default
 * Retry retries.
 */
function lambdaErrorCode({ code }: AwsError): string {
  return code === 'AccessDeniedException' ? 'AWSLambdaException' : code;
}
