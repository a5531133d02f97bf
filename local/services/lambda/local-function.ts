import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as z from 'zod';
import { functionEndpoints } from '../../differences.ts';
import type { Caller, Credentials } from '../../door/wire.ts';
import {
  type Duration,
  type ExecutionEnvironment,
  type Outcome,
  startExecutionEnvironment,
} from './execution-environment.ts';
import type { FunctionProperties } from './function-properties.ts';

/** Most bytes of a synchronous answer (6 MB and a little for the envelope). */
export const MAX_PAYLOAD_BYTES = 6_291_556;

/**
 * Most threads of one function: more would only slow each other down on a laptop. Further invocations wait in a queue.
 */
const MAX_ENVIRONMENTS = 4;

export interface LocalFunction {
  readonly name: string;
  readonly arn: string;
  readonly logGroup: string;
  /** The session of the function's role with which the function makes its calls. */
  readonly caller: Caller;
  readonly deadLetterArn: string | undefined;
  invoke(requestId: string, payload: string): Promise<Outcome & Duration>;
  /** Starts an environment in advance. The next invocation gets it even if it is still loading. */
  warm(): Promise<void>;
  /** Ends every environment as soon as it is idle; invocations that run or wait come to their end. */
  retire(): void;
  stop(): Promise<void>;
}

/** What the door asks about an environment that signs a call: whether it may do so at the moment, and for which event. */
type SigningEnvironment = Pick<ExecutionEnvironment, 'isActive' | 'event'>;

interface LocalFunctionProps {
  readonly name: string;
  readonly arn: string;
  readonly properties: z.infer<typeof FunctionProperties>;
  readonly codeDirectory: string;
  readonly caller: Caller;
  readonly region: string;
  readonly compileCache: string;
  readonly nameServer: (() => string) | undefined;
  readonly endpoint: () => string;
  /** Issues keys for a new environment. */
  readonly issueCredentials: (environment: () => SigningEnvironment | undefined) => Credentials;
  readonly revokeCredentials: (accessKeyId: string) => void;
  readonly onLog: (logGroup: string, stream: string, text: string) => void;
}

/** The result of an invocation that could not run because the local cloud is stopping. */
const STOPPED: Outcome & Duration = {
  ok: false,
  durationMs: 0,
  error: { errorType: 'Sandbox.Stopped', errorMessage: 'the local cloud has stopped', trace: [] },
};

interface RunningEnvironment {
  readonly environment: ExecutionEnvironment;
  readonly accessKeyId: string;
}

/**
 * Makes a function of the template: a pool of execution environments that grows on demand up to a limit, with a queue
 * for further invocations.
 */
export function createLocalFunction(props: LocalFunctionProps): LocalFunction {
  const { name, arn, properties, caller } = props;
  const logGroup = properties.LoggingConfig?.LogGroup ?? `/aws/lambda/${name}`;
  const cap = Math.min(MAX_ENVIRONMENTS, properties.ReservedConcurrentExecutions ?? MAX_ENVIRONMENTS);
  const idle: RunningEnvironment[] = [];
  const all = new Set<RunningEnvironment>();
  const waiting: ((environment: RunningEnvironment | undefined) => void)[] = [];
  let isStopped = false;
  let isRetired = false;
  const moduleUrl = pathToFileURL(findModule(props.codeDirectory, properties.Handler)).href;
  const handlerName = properties.Handler.slice(properties.Handler.indexOf('.') + 1);

  const start = (): RunningEnvironment => {
    const logStream = `${new Date().toISOString().slice(0, 10).replaceAll('-', '/')}/[$LATEST]${randomBytes(16).toString('hex')}`;
    let environment: ExecutionEnvironment | undefined;
    const credentials = props.issueCredentials(() => environment);
    const started = startExecutionEnvironment({
      settings: {
        moduleUrl,
        handlerName,
        functionName: name,
        functionArn: arn,
        memorySize: properties.MemorySize,
        logGroup,
        logStream,
        compileCache: props.compileCache,
        nameServer: props.nameServer?.(),
      },
      variables: environmentVariables({ ...props, credentials, logGroup, logStream }),
      onLog: (text) => props.onLog(logGroup, logStream, text),
    });
    environment = started;
    const running = { environment: started, accessKeyId: credentials.accessKeyId };
    all.add(running);
    return running;
  };
  const discard = (running: RunningEnvironment): void => {
    all.delete(running);
    props.revokeCredentials(running.accessKeyId);
  };
  const end = (running: RunningEnvironment): void => {
    discard(running);
    void running.environment.stop();
  };
  const acquire = async (): Promise<RunningEnvironment | undefined> => {
    if (isStopped) return undefined;
    for (let free = idle.pop(); free; free = idle.pop()) {
      if (free.environment.isAlive()) return free;
      discard(free);
    }
    if (all.size < cap) return start();
    return new Promise((resolve) => waiting.push(resolve));
  };
  const release = (running: RunningEnvironment): void => {
    const next = running.environment.isAlive() ? running : undefined;
    if (!next) discard(running);
    // After the stop no thread is started: nothing would end it, and it would keep the process alive.
    if (isStopped) return;
    const waiter = waiting.shift();
    if (waiter) waiter(next ?? start());
    else if (next && isRetired) end(next);
    else if (next) idle.push(next);
  };

  return {
    name,
    arn,
    logGroup,
    caller,
    deadLetterArn: properties.DeadLetterConfig?.TargetArn,
    async invoke(requestId, payload) {
      const running = await acquire();
      if (!running) return STOPPED;
      const outcome = await running.environment.invoke({ requestId, payload }, properties.Timeout);
      release(running);
      if (!outcome.ok || Buffer.byteLength(outcome.payload) <= MAX_PAYLOAD_BYTES) return outcome;
      const errorMessage = `Response payload size exceeded maximum allowed payload size (${MAX_PAYLOAD_BYTES} bytes).`;
      const error = { errorType: 'Function.ResponseSizeTooLarge', errorMessage, trace: [] };
      return { ok: false, error, durationMs: outcome.durationMs };
    },
    async warm() {
      if (isStopped || all.size > 0) return;
      const running = start();
      release(running);
      await running.environment.initialized;
    },
    retire() {
      isRetired = true;
      for (const running of idle.splice(0)) end(running);
    },
    async stop() {
      isStopped = true;
      for (const waiter of waiting.splice(0)) waiter(undefined);
      await Promise.all([...all].map(({ environment }) => environment.stop()));
    },
  };
}

function findModule(codeDirectory: string, handler: string): string {
  const file = handler.slice(0, handler.indexOf('.'));
  const found = ['.mjs', '.js', '.cjs'].map((extension) => join(codeDirectory, `${file}${extension}`)).find(existsSync);
  if (!found) throw new Error(`handler ${handler}: no ${file}.mjs, .js or .cjs in ${codeDirectory}`);
  return found;
}

interface EnvironmentVariablesProps extends LocalFunctionProps {
  readonly credentials: Credentials;
  readonly logGroup: string;
  readonly logStream: string;
}

/** Returns the function's `process.env`: the template's variables and the standard ones of Lambda only. */
function environmentVariables(props: EnvironmentVariablesProps): Record<string, string> {
  const { properties, credentials, region } = props;
  return {
    LANG: 'en_US.UTF-8',
    PATH: '/usr/local/bin:/usr/bin:/bin',
    TZ: ':UTC',
    // Otherwise the SDK would look into the home directory of the person who runs the local cloud.
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    ...properties.Environment.Variables,
    _HANDLER: properties.Handler,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_SESSION_TOKEN: credentials.sessionToken,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    ...functionEndpoints(props.endpoint()),
    AWS_EXECUTION_ENV: `AWS_Lambda_${properties.Runtime}`,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(properties.MemorySize),
    AWS_LAMBDA_FUNCTION_NAME: props.name,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: props.logGroup,
    AWS_LAMBDA_LOG_STREAM_NAME: props.logStream,
    LAMBDA_TASK_ROOT: props.codeDirectory,
  };
}
