import { AwsError, type AwsService } from '../../local/door/wire.ts';
import { lambdaProtocol } from '../../local/services/lambda/lambda-protocol.ts';
import { accountId, region } from './cloud-names.ts';

/** Handles an event: returns a result, throws, or never ends. */
export type Handler = (event: unknown) => unknown;

export interface Invocation {
  readonly functionName: string;
  readonly type: string;
  readonly event: unknown;
  readonly caller: string;
}

/** Lambda with the test's own handlers, behind the same permissions as the real one. */
export class FakeFunctions {
  readonly handlers = new Map<string, Handler>();
  readonly invocations: Invocation[] = [];

  add(name: string, handler: Handler): string {
    this.handlers.set(name, handler);
    return this.arn(name);
  }

  arn(name: string): string {
    return `arn:aws:lambda:${region}:${accountId}:function:${name}`;
  }

  events(name: string): unknown[] {
    return this.invocations.filter(({ functionName }) => functionName === name).map(({ event }) => event);
  }

  readonly service: AwsService = {
    signingName: 'lambda',
    protocol: lambdaProtocol,
    operations: {
      Invoke: {
        permissions: (input) => [{ action: 'lambda:InvokeFunction', resources: [this.arn(nameIn(input))] }],
        perform: async (input, { caller }) => {
          const functionName = nameIn(input);
          const { InvocationType: type = 'RequestResponse', Payload } = input as {
            InvocationType?: string;
            Payload: Uint8Array | string;
          };
          const handler = this.handlers.get(functionName);
          if (!handler) throw new AwsError('ResourceNotFoundException', `Function not found: ${functionName}`, 404);
          const event: unknown = JSON.parse(Buffer.from(Payload).toString('utf8'));
          const callerName = caller.kind === 'service' ? caller.principal : caller.arn;
          this.invocations.push({ functionName, type, event, caller: callerName });
          if (type === 'Event') return { StatusCode: 202, ExecutedVersion: '$LATEST', Payload: '' };
          try {
            const result = (await handler(event)) ?? null;
            return { StatusCode: 200, ExecutedVersion: '$LATEST', Payload: JSON.stringify(result) };
          } catch (error) {
            if (error instanceof AwsError || !(error instanceof Error)) throw error;
            const failure = { errorType: error.name, errorMessage: error.message, trace: [] };
            return {
              StatusCode: 200,
              ExecutedVersion: '$LATEST',
              FunctionError: 'Unhandled',
              Payload: JSON.stringify(failure),
            };
          }
        },
      },
    },
  };
}

function nameIn(input: unknown): string {
  const { FunctionName } = input as { FunctionName: string };
  return FunctionName.split(':').at(-1) ?? FunctionName;
}
