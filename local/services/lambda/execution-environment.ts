import { Worker } from 'node:worker_threads';
import type { FunctionErrorPayload, InvokeMessage, WorkerMessage, WorkerSettings } from './worker-messages.ts';

/** The result of an invocation of the function's code. */
export type Outcome =
  | { readonly ok: true; readonly payload: string }
  | { readonly ok: false; readonly error: FunctionErrorPayload };

export interface Duration {
  /**
   * Milliseconds that the handler ran, without the time for loading its module and without waiting for an environment.
   */
  readonly durationMs: number;
}

export interface ExecutionEnvironment {
  /**
   * Runs one invocation at a time. Resolves in any case, even when the thread dies or is killed because of the timeout.
   */
  invoke(message: Omit<InvokeMessage, 'deadline'>, timeoutSeconds: number): Promise<Outcome & Duration>;
  /** False as soon as the thread has died or was killed; then it accepts no more invocations. */
  readonly isAlive: () => boolean;
  /** True while the function may run: during its initialization and during an invocation. */
  readonly isActive: () => boolean;
  /** Returns the event, as JSON text, of the invocation that runs; undefined while none runs. */
  readonly event: () => string | undefined;
  /** Resolves when the module has been loaded or loading it has failed. */
  readonly initialized: Promise<void>;
  stop(): Promise<void>;
}

interface ExecutionEnvironmentProps {
  readonly settings: WorkerSettings;
  /** The whole environment of the function; no variable of this machine is added. */
  readonly variables: Readonly<Record<string, string>>;
  readonly onLog: (text: string) => void;
}

const exitError = (requestId: string, how: string): FunctionErrorPayload => ({
  errorType: 'Runtime.ExitError',
  errorMessage: `RequestId: ${requestId} Error: Runtime exited with error: ${how}`,
  trace: [],
});

/** AWS allows ten seconds; a busy laptop that starts many threads at once needs far more. */
const INIT_TIMEOUT_MS = 5 * 60_000;

/** Starts a thread for one function. AWS calls this an execution environment. */
export function startExecutionEnvironment({
  settings,
  variables,
  onLog,
}: ExecutionEnvironmentProps): ExecutionEnvironment {
  const worker = new Worker(new URL('./function-worker.mjs', import.meta.url), {
    workerData: settings,
    env: { ...variables },
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: settings.memorySize },
  });
  let alive = true;
  let initializing = true;
  let current: { requestId: string; event: string; end: (outcome: Outcome) => void } | undefined;
  let initError: FunctionErrorPayload | undefined;
  let deathCause: ((requestId: string) => FunctionErrorPayload) | undefined;
  const initialization = Promise.withResolvers<void>();

  const initTimer = setTimeout(() => {
    deathCause = () => ({
      errorType: 'Sandbox.Timedout',
      errorMessage: `loading the module took longer than ${INIT_TIMEOUT_MS / 1000} seconds`,
      trace: [],
    });
    void worker.terminate();
  }, INIT_TIMEOUT_MS);
  const initialized = (): void => {
    clearTimeout(initTimer);
    initializing = false;
    initialization.resolve();
  };
  const finish = (outcome: Outcome): void => {
    current?.end(outcome);
    current = undefined;
  };

  worker.on('message', (message: WorkerMessage) => {
    switch (message.kind) {
      case 'ready':
        return initialized();
      case 'init-failed':
        initError = message.error;
        alive = false;
        return initialized();
      case 'log':
        return onLog(message.text);
      case 'result':
        return message.requestId === current?.requestId ? finish({ ok: true, payload: message.payload }) : undefined;
      case 'failed':
        return message.requestId === current?.requestId ? finish({ ok: false, error: message.error }) : undefined;
      case 'crashed':
        deathCause = () => message.error;
    }
  });
  worker.on('error', (error) => {
    const outOfMemory = 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
    deathCause ??= (requestId) => exitError(requestId, outOfMemory ? 'signal: killed' : error.message);
  });
  worker.on('exit', (code) => {
    alive = false;
    const requestId = current?.requestId ?? '';
    const error = deathCause?.(requestId) ?? exitError(requestId, `exit status ${code}`);
    initError ??= error;
    initialized();
    finish({ ok: false, error });
  });

  return {
    initialized: initialization.promise,
    isAlive: () => alive,
    isActive: () => initializing || current !== undefined,
    event: () => current?.event,
    async invoke(message, timeoutSeconds) {
      await initialization.promise;
      if (initError) {
        await worker.terminate();
        return { ok: false, error: initError, durationMs: 0 };
      }
      const startedAt = performance.now();
      const { promise, resolve } = Promise.withResolvers<Outcome>();
      current = { requestId: message.requestId, event: message.payload, end: resolve };
      const timer = setTimeout(() => {
        alive = false;
        finish({
          ok: false,
          error: {
            errorType: 'Sandbox.Timedout',
            errorMessage: `RequestId: ${message.requestId} Error: Task timed out after ${timeoutSeconds.toFixed(2)} seconds`,
            trace: [],
          },
        });
        void worker.terminate();
      }, timeoutSeconds * 1000);
      worker.postMessage({ ...message, deadline: Date.now() + timeoutSeconds * 1000 });
      const outcome = await promise;
      clearTimeout(timer);
      return { ...outcome, durationMs: performance.now() - startedAt };
    },
    async stop() {
      alive = false;
      await worker.terminate();
    },
  };
}
