import type { LocalContext } from '../local-context.ts';
import type { LocalService } from '../local-service.ts';
import { createAsyncInvocations } from './async-invocations.ts';
import { type FunctionsProps, functionProvisioners } from './function-provisioners.ts';
import { FunctionStore } from './function-store.ts';
import { createLambdaOperations } from './lambda-operations.ts';
import { lambdaProtocol } from './lambda-protocol.ts';
import type { LocalFunction } from './local-function.ts';

export interface LambdaService extends LocalService {
  /**
   * Loads functions before their first invocation, one after another. The default is all functions without a route: a
   * deployment invokes a dozen of them in a row and would have to wait for each.
   */
  warm(functionNames?: readonly string[]): Promise<void>;
  functionNames(): readonly string[];
  /** Returns the number of events that functions are still owed or are processing. */
  pendingEvents(): number;
}

/** Makes Lambda: the functions of the template, each run from its own bundle in worker threads. */
export function createLambdaService(context: LocalContext, props: FunctionsProps): LambdaService {
  const functions = new FunctionStore(context);
  const asyncInvocations = createAsyncInvocations({
    context,
    findFunction: (name) => functions.find(name),
    configOf: (name) => functions.eventConfig(name),
  });
  let isStopped = false;
  const withoutRoute = (): string[] =>
    functions
      .list()
      .filter((target) => !functions.hasRoute(target))
      .map(({ name }) => name);

  return {
    service: {
      signingName: 'lambda',
      protocol: lambdaProtocol,
      accessDenied: { code: 'AccessDeniedException', status: 403 },
      operations: createLambdaOperations(functions, asyncInvocations),
    },
    provisioners: functionProvisioners(context, functions, props),
    functionNames: () => functions.list().map(({ name }) => name),
    pendingEvents: () => asyncInvocations.pending(),
    async warm(functionNames = withoutRoute()) {
      for (const name of functionNames) if (!isStopped) await functions.require(name).warm();
    },
    start() {
      for (const target of functions.list()) warnOfMissingLogs(context, target);
      asyncInvocations.resume();
    },
    async stop() {
      isStopped = true;
      asyncInvocations.stop();
      await functions.stop();
    },
  };
}

/** Logs a warning for a function whose role may not write logs: on AWS the function would run without any logs. */
function warnOfMissingLogs({ accountId, region, door, log }: LocalContext, target: LocalFunction): void {
  const logStreams = `arn:aws:logs:${region}:${accountId}:log-group:${target.logGroup}:log-stream:any`;
  for (const action of ['logs:CreateLogStream', 'logs:PutLogEvents']) {
    try {
      door.authorize(target.caller, { action, resources: [logStreams] });
    } catch {
      log({ source: target.name, message: `its role lacks ${action}: on AWS it would run without logs` });
    }
  }
}
