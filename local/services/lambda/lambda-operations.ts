import * as z from 'zod';
import { AwsError, type CallContext, type Operation } from '../../door/wire.ts';
import type { AsyncInvocations } from './async-invocations.ts';
import type { FunctionStore } from './function-store.ts';
import { MAX_PAYLOAD_BYTES } from './local-function.ts';

/** `Payload` is JSON text; a caller inside the process may omit it, which means `{}`. */
const InvokeInput = z.object({
  FunctionName: z.string(),
  InvocationType: z.enum(['RequestResponse', 'Event', 'DryRun']).default('RequestResponse'),
  Qualifier: z.literal('$LATEST').optional(),
  Payload: z
    .union([z.string(), z.instanceof(Uint8Array).transform((bytes) => Buffer.from(bytes).toString('utf8'))])
    .optional()
    .transform((payload) => payload || '{}'),
});

const MAX_EVENT_BYTES = 1_048_576;

/** Makes the operations of the Lambda API that concern invocations. */
export function createLambdaOperations(
  functions: FunctionStore,
  asyncInvocations: AsyncInvocations,
): Record<string, Operation> {
  const invoke = async (input: unknown, { requestId }: CallContext): Promise<unknown> => {
    const { FunctionName, InvocationType, Payload } = InvokeInput.parse(input);
    const target = functions.require(FunctionName);
    const limit = InvocationType === 'Event' ? MAX_EVENT_BYTES : MAX_PAYLOAD_BYTES;
    if (Buffer.byteLength(Payload) > limit) {
      throw new AwsError(
        'RequestTooLargeException',
        `Request must be smaller than ${limit} bytes for the Invoke operation`,
        413,
      );
    }
    requireJson(Payload);
    if (InvocationType === 'DryRun') return { StatusCode: 204, ExecutedVersion: '$LATEST', Payload: '' };
    if (InvocationType === 'Event') {
      asyncInvocations.accept(requestId, target.name, Payload);
      return { StatusCode: 202, ExecutedVersion: '$LATEST', Payload: '' };
    }
    const outcome = await target.invoke(requestId, Payload);
    // Lambda does not return the duration. The local cloud's gateway needs it; no other caller gets it.
    const answer = { StatusCode: 200, ExecutedVersion: '$LATEST', durationMs: outcome.durationMs };
    return outcome.ok
      ? { ...answer, Payload: outcome.payload }
      : {
          ...answer,
          FunctionError: 'Unhandled',
          Payload: JSON.stringify(outcome.error),
        };
  };

  return {
    Invoke: {
      permissions: (input) => [
        { action: 'lambda:InvokeFunction', resources: [functions.arnOf(InvokeInput.parse(input).FunctionName)] },
      ],
      perform: invoke,
    },
  };
}

function requireJson(payload: string): void {
  try {
    JSON.parse(payload);
  } catch {
    throw new AwsError(
      'InvalidRequestContentException',
      'Could not parse request body into json: the payload is not JSON',
    );
  }
}
