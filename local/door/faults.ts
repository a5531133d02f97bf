import { setTimeout as delay } from 'node:timers/promises';
import { describeCaller } from './authorization.ts';
import { AwsError, type Caller } from './wire.ts';

/** A fault that a test injects: the next `times` matching calls fail, are delayed, or both. */
interface Fault {
  readonly service: string;
  readonly operation: string;
  /** Limits the fault to callers whose ARN contains this text, for example a function's name. */
  readonly caller?: string;
  /** Limits the fault to calls whose input contains this text, for example the name of a deployment. */
  readonly about?: string;
  readonly times: number;
  readonly delayMs?: number;
  /** The call waits for this promise first. */
  readonly until?: Promise<unknown>;
  readonly error?: {
    readonly code: string;
    readonly message?: string;
    readonly status?: number;
    readonly fields?: Readonly<Record<string, unknown>>;
  };
  /** `after`: the call is performed and its answer is lost. `before` (the default): the call is not performed. */
  readonly when?: 'before' | 'after';
}

export interface Faults {
  add(fault: Fault): void;
  clear(): void;
}

interface Call {
  readonly caller: Caller;
  readonly service: string;
  readonly operation: string;
  readonly input: unknown;
}

/** The error with which AWS throttles calls, to be injected as a fault. */
export const THROTTLING = { code: 'ThrottlingException', message: 'Rate exceeded', status: 400 } as const;

export function createFaults(): Faults & { apply(call: Call, when: 'before' | 'after'): Promise<void> } {
  let pending: { fault: Fault; left: number }[] = [];
  return {
    add: (fault) => void pending.push({ fault, left: fault.times }),
    clear: () => {
      pending = [];
    },
    async apply(call, when) {
      const hit = pending.find(({ fault }) => (fault.when ?? 'before') === when && matches(fault, call));
      if (!hit) return;
      hit.left -= 1;
      if (hit.left <= 0) pending = pending.filter((entry) => entry !== hit);
      const { delayMs, until, error } = hit.fault;
      await until;
      if (delayMs !== undefined) await delay(delayMs);
      if (error) {
        throw new AwsError(
          error.code,
          error.message ?? `injected fault: ${error.code}`,
          error.status ?? 400,
          error.fields,
        );
      }
    },
  };
}

function matches(fault: Fault, call: Call): boolean {
  return (
    fault.service === call.service &&
    fault.operation === call.operation &&
    (fault.caller === undefined || describeCaller(call.caller).includes(fault.caller)) &&
    (fault.about === undefined || JSON.stringify(call.input).includes(fault.about))
  );
}
