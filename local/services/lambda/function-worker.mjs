/**
 * Entry point of the thread that runs one function. Like Lambda's runtime it loads the module and then handles one
 * invocation at a time. All output of the function goes to the parent through the same port as its results, so that the
 * order is kept. This file is plain JavaScript, because otherwise every thread would load the code that strips the
 * types: about 65 ms of processor time each.
 */
// @ts-check
import { setServers } from 'node:dns';
import { enableCompileCache, flushCompileCache } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';

/** @import { FunctionErrorPayload, InvokeMessage, WorkerMessage, WorkerSettings } from './worker-messages.ts' */
/** @typedef {(event: unknown, context: unknown) => unknown} Handler */

// workerData has no type; the parent in execution-environment.ts passes exactly this.
/** @type {WorkerSettings} */
const settings = workerData;
const port = parentPort;
if (!port) throw new Error('the function worker must run in a worker thread');

/**
 * Milliseconds until the compile cache is written; by then the first invocation has compiled the code that invocations
 * need.
 */
const COMPILED_AFTER_MS = 1000;

if (settings.nameServer) setServers([settings.nameServer]);

/** @param {WorkerMessage} message */
const tell = (message) => port.postMessage(message);

for (const stream of [process.stdout, process.stderr]) {
  /** @type {(chunk: string | Uint8Array, ...rest: unknown[]) => boolean} */
  const write = (chunk, ...rest) => {
    tell({ kind: 'log', text: typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8') });
    const callback = rest.find((argument) => typeof argument === 'function');
    if (callback) process.nextTick(callback);
    return true;
  };
  stream.write = write;
}

/** @type {(errorType: string | undefined, reason: unknown) => void} */
const crash = (errorType, reason) => {
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

/**
 * @param {unknown} reason
 * @returns {FunctionErrorPayload}
 */
function describeError(reason) {
  if (!(reason instanceof Error)) return { errorType: typeof reason, errorMessage: String(reason), trace: [] };
  return { errorType: reason.name, errorMessage: reason.message, trace: (reason.stack ?? '').split('\n') };
}

/**
 * Loads node:http before the SDK does; the SDK imports it for endpoints without TLS, which exist only in the local
 * cloud. An import makes Node.js read every exported property, including those that load fetch and web sockets: about
 * 20 ms of processor time in each thread. These properties are removed during the import.
 */
async function loadHttp() {
  const http = process.getBuiltinModule('node:http');
  const late = Object.entries(Object.getOwnPropertyDescriptors(http)).filter(([name]) =>
    ['WebSocket', 'CloseEvent', 'MessageEvent'].includes(name),
  );
  for (const [name] of late) Reflect.deleteProperty(http, name);
  await import('node:http');
  for (const [name, property] of late) Object.defineProperty(http, name, property);
}

/** @returns {Promise<Handler>} */
async function loadHandler() {
  const module = await import(settings.moduleUrl);
  /** @type {unknown} */
  let handler = module;
  for (const name of settings.handlerName.split('.'))
    handler = typeof handler === 'object' && handler !== null ? Reflect.get(handler, name) : undefined;
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
  const found = handler;
  return (event, context) => found(event, context);
}

/** @type {(handler: Handler, message: InvokeMessage) => Promise<void>} */
async function invoke(handler, { requestId, payload, deadline }) {
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

/**
 * @param {unknown} result
 * @returns {string}
 */
function marshal(result) {
  try {
    return JSON.stringify(result) ?? 'null';
  } catch (reason) {
    const message = `Unable to stringify response body: ${describeError(reason).errorMessage}`;
    throw Object.assign(new Error(message), { name: 'Runtime.MarshalError' });
  }
}

try {
  // The cache must be enabled before the function's module is loaded. It is flushed below, because a killed thread
  // would not write it.
  enableCompileCache(settings.compileCache);
  await loadHttp();
  const handler = await loadHandler();
  port.on('message', (/** @type {InvokeMessage} */ message) => void invoke(handler, message));
  tell({ kind: 'ready' });
  setTimeout(flushCompileCache, COMPILED_AFTER_MS).unref();
} catch (reason) {
  tell({ kind: 'init-failed', error: describeError(reason) });
}
