/**
 * Entry of the thread that runs one function, as the runtime of Lambda does: load the module, then one invocation at a
 * time. Everything the function writes goes to the parent over the same port as its results, so that order is kept.
 */
import { setServers } from 'node:dns';
import { parentPort, workerData } from 'node:worker_threads';
import type { FunctionErrorPayload, InvokeMessage, WorkerMessage, WorkerSettings } from './worker-messages.ts';

type Handler = (event: unknown, context: unknown) => unknown;

// workerData has no type of its own; the parent in execution-environment.ts passes exactly this.
const settings: WorkerSettings = workerData;
const port = parentPort;
if (!port) throw new Error('the function worker must run in a worker thread');

if (settings.nameServer) setServers([settings.nameServer]);

const tell = (message: WorkerMessage): void => port.postMessage(message);

for (const stream of [process.stdout, process.stderr]) {
  stream.write = (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
    tell({ kind: 'log', text: typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8') });
    const callback = rest.find((argument) => typeof argument === 'function');
    if (callback) process.nextTick(callback);
    return true;
  };
}

const crash = (errorType: string | undefined, reason: unknown): void => {
  const error = describeError(reason);
  tell({
    kind: 'crashed',
    error: errorType ? { ...error, errorType, errorMessage: `${error.errorType}: ${error.errorMessage}` } : error,
  });
  process.exit(1);
};
process.on('uncaughtException', (error) => crash(undefined, error));
process.on('unhandledRejection', (reason) => crash('Runtime.UnhandledPromiseRejection', reason));

if (process.env.NODE_OPTIONS?.includes('--enable-source-maps')) process.setSourceMapsEnabled(true);

function describeError(reason: unknown): FunctionErrorPayload {
  if (!(reason instanceof Error)) return { errorType: typeof reason, errorMessage: String(reason), trace: [] };
  return { errorType: reason.name, errorMessage: reason.message, trace: (reason.stack ?? '').split('\n') };
}

async function loadHandler(): Promise<Handler> {
  const module: Readonly<Record<string, unknown>> = await import(settings.moduleUrl);
  const handler = settings.handlerName
    .split('.')
    .reduce<unknown>(
      (value, name) => (typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined),
      module,
    );
  if (typeof handler !== 'function') {
    throw Object.assign(new Error(`${settings.handlerName} is undefined or not exported`), {
      name: 'Runtime.HandlerNotFound',
    });
  }
  if (handler.length > 2) {
    const message =
      'the callback-style handler is not supported from nodejs24.x on: return a promise and declare at most two parameters';
    throw Object.assign(new Error(message), { name: 'Runtime.CallbackHandlerDeprecated' });
  }
  return (event, context) => handler(event, context);
}

async function invoke(handler: Handler, { requestId, payload, deadline }: InvokeMessage): Promise<void> {
  const context = {
    functionName: settings.functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: settings.functionArn,
    memoryLimitInMB: String(settings.memorySize),
    awsRequestId: requestId,
    logGroupName: settings.logGroup,
    logStreamName: settings.logStream,
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
  try {
    const result = await handler(JSON.parse(payload), context);
    tell({ kind: 'result', requestId, payload: marshal(result) });
  } catch (reason) {
    tell({ kind: 'failed', requestId, error: describeError(reason) });
  }
}

function marshal(result: unknown): string {
  try {
    return JSON.stringify(result) ?? 'null';
  } catch (reason) {
    const message = `Unable to stringify response body: ${describeError(reason).errorMessage}`;
    throw Object.assign(new Error(message), { name: 'Runtime.MarshalError' });
  }
}

try {
  const handler = await loadHandler();
  port.on('message', (message: InvokeMessage) => void invoke(handler, message));
  tell({ kind: 'ready' });
} catch (reason) {
  tell({ kind: 'init-failed', error: describeError(reason) });
}
