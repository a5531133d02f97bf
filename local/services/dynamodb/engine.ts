import * as z from 'zod';
import { AwsError } from '../../door/wire.ts';
import type { LocalContext } from '../local-context.ts';
import { type DynamoDbProcess, joinDynamoDb, startDynamoDb } from './dynamodb-process.ts';

/** Prefix of the ARNs that DynamoDB Local makes with its own account and region. */
const LOCAL_ARN_PREFIX = 'arn:aws:dynamodb:ddblocal:000000000000:';

/** Amazon's own engine; it starts when it is first needed. */
export interface Engine {
  start(): void;
  /**
   * Performs an operation; throws an AwsError when the engine answers with an error. `input` is an object, or JSON text
   * as it arrived.
   */
  send(operation: string, input: unknown): Promise<unknown>;
  stop(): Promise<void>;
}

export interface EngineProps {
  /** Directory of the tables; without one they are kept in memory. */
  readonly dataDirectory: string | undefined;
  /** Port of a DynamoDB Local that runs already, for tables in memory; without one the engine starts its own. */
  readonly runningAt?: number | undefined;
}

/** Makes the engine; its ARNs begin with `arnPrefix`. */
export function createEngine(
  context: LocalContext,
  { dataDirectory, runningAt }: EngineProps,
  arnPrefix: string,
): Engine {
  let engine: Promise<DynamoDbProcess> | undefined;
  const start = (): Promise<DynamoDbProcess> => {
    engine ??=
      dataDirectory === undefined && runningAt !== undefined
        ? Promise.resolve(joinDynamoDb(runningAt))
        : startDynamoDb(context, dataDirectory);
    engine.catch(() => undefined);
    return engine;
  };
  return {
    start: () => void start(),
    async send(operation, input) {
      const { send } = await start();
      const { status, body } = await send(operation, typeof input === 'string' ? input : JSON.stringify(input));
      const answer: unknown = JSON.parse(body.replaceAll(LOCAL_ARN_PREFIX, arnPrefix) || '{}');
      if (status === 200) return answer;
      throw engineError(status, answer);
    },
    async stop() {
      const running = await engine?.catch(() => undefined);
      await running?.stop();
    },
  };
}

const EngineErrorSchema = z.looseObject({
  __type: z.string(),
  message: z.string().optional(),
  Message: z.string().optional(),
});

function engineError(status: number, answer: unknown): AwsError {
  const parsed = EngineErrorSchema.safeParse(answer);
  if (!parsed.success) return new AwsError('InternalServerError', `DynamoDB Local answered ${status}`, 500);
  const { __type, message, Message, ...fields } = parsed.data;
  return new AwsError(__type.replace(/^.*#/, ''), message ?? Message ?? '', status, fields);
}
