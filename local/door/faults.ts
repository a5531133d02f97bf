import { setTimeout as delay } from 'node:timers/promises';
import { describeCaller } from './authorization.ts';
import { AwsError, type Caller } from './wire.ts';

/** A fault that a test injects: the next `times` matching calls fail, are delayed, or both. */
export interface Fault {
  readonly service: string;
  readonly operation: string;
  /** Limits the fault to callers whose ARN contains this text, for example a function's name, or matches this. */
  readonly caller?: string | RegExp;
  /**
   * Limits the fault to calls whose input contains this text, for example the name of a deployment, and to calls of
   * callers that work on it: executions of that name, functions that were invoked for it.
   */
  readonly about?: string;
  /** How many calls it is for; without a limit if it is for a time. */
  readonly times?: number;
  /** Milliseconds from the first matching call, after which the fault is over. */
  readonly lastsMs?: number;
  readonly delayMs?: number;
  /** The call waits for this promise first. */
  readonly until?: Promise<unknown>;
  readonly error?: {
    readonly code: string;
    readonly message?: string;
    readonly status?: number;
    readonly fields?: Readonly<Record<string, unknown>>;
  };
  /** The connection ends without an answer, or, `after` the call, in the middle of the answer. */
  readonly isCut?: true;
  /** `after`: the call is performed and its answer is lost. `before` (the default): the call is not performed. */
  readonly when?: 'before' | 'after';
}

/** An injected fault, and how many calls it has hit. */
export interface InjectedFault {
  hits(): number;
  /** Ends the fault now. */
  end(): void;
}

export interface Faults {
  add(fault: Fault): InjectedFault;
  clear(): void;
  /** Shows every call to the listener before the call is performed; the returned function ends this. */
  watch(listener: (call: FaultableCall) => void): () => void;
}

/** A call as a fault sees it. */
export interface FaultableCall {
  readonly caller: Caller;
  readonly service: string;
  readonly operation: string;
  readonly input: unknown;
}

/** Ends a call without a whole answer. `output` is what the operation answered; absent if it was not performed. */
export class ConnectionCut extends Error {
  override readonly name = 'ConnectionCut';
  readonly answer: { readonly output: unknown } | undefined;
  constructor(answer?: { readonly output: unknown }) {
    super('injected fault: the connection is cut');
    this.answer = answer;
  }
}

/** The error with which AWS throttles calls, to be injected as a fault. */
export const THROTTLING = { code: 'ThrottlingException', message: 'Rate exceeded', status: 400 } as const;

interface PendingFault {
  readonly fault: Fault;
  hits: number;
  firstAt?: number;
}

interface AppliedFaults extends Faults {
  /** Waits or throws as the first matching fault says. `answer`: what the operation answered, if it was performed. */
  apply(call: FaultableCall, answer?: { readonly output: unknown }): Promise<void>;
}

export function createFaults(): AppliedFaults {
  let pending: PendingFault[] = [];
  const listeners = new Set<(call: FaultableCall) => void>();
  const remove = (entry: PendingFault) => {
    pending = pending.filter((each) => each !== entry);
  };
  const find = (call: FaultableCall, when: Fault['when']): Fault | undefined => {
    const now = performance.now();
    pending = pending.filter((entry) => !isOver(entry, now));
    const hit = pending.find(({ fault }) => (fault.when ?? 'before') === when && matches(fault, call));
    if (!hit) return undefined;
    hit.firstAt ??= now;
    hit.hits += 1;
    if (hit.hits >= (hit.fault.times ?? Number.POSITIVE_INFINITY)) remove(hit);
    return hit.fault;
  };
  return {
    add(fault) {
      const entry = { fault, hits: 0 };
      pending.push(entry);
      return { hits: () => entry.hits, end: () => remove(entry) };
    },
    clear: () => {
      pending = [];
    },
    watch(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async apply(call, answer) {
      if (!answer) for (const listener of listeners) listener(call);
      const fault = find(call, answer ? 'after' : 'before');
      if (!fault) return;
      await fault.until;
      if (fault.delayMs !== undefined) await delay(fault.delayMs);
      if (fault.isCut) throw new ConnectionCut(answer);
      const { error } = fault;
      if (error) {
        const { code, message = `injected fault: ${code}`, status = 400, fields } = error;
        throw new AwsError(code, message, status, fields);
      }
    },
  };
}

const isOver = ({ fault: { lastsMs }, firstAt }: PendingFault, now: number): boolean =>
  lastsMs !== undefined && firstAt !== undefined && now >= firstAt + lastsMs;

function matches(fault: Fault, call: FaultableCall): boolean {
  return (
    fault.service === call.service &&
    fault.operation === call.operation &&
    isBy(call, fault.caller) &&
    (fault.about === undefined || isAbout(call, fault.about))
  );
}

function isBy({ caller }: FaultableCall, wanted: Fault['caller']): boolean {
  const name = describeCaller(caller);
  if (wanted instanceof RegExp) return wanted.test(name);
  return wanted === undefined || name.includes(wanted);
}

/**
 * Returns whether a call's input has the text in it, or its caller works on what has it. The text is found in base64
 * too, which links and task tokens are in.
 */
export function isAbout(call: FaultableCall, text: string): boolean {
  const known = subjects.get(call) ?? subjectOf(call);
  subjects.set(call, known);
  return known.includes(text);
}

/** What calls are about, so that each call is looked through once for all faults. */
const subjects = new WeakMap<FaultableCall, string>();

function subjectOf({ caller, input }: FaultableCall): string {
  const event = caller.kind === 'role' ? caller.event?.() : undefined;
  const text = [describeCaller(caller), event ?? '', ...textsIn(input)].join('\n');
  const words = text.match(/[\w+/=-]{24,}/g) ?? [];
  return [text, ...words.map((word) => Buffer.from(word, 'base64').toString('latin1'))].join('\n');
}

/** Returns the texts in an input, without its bytes. */
function textsIn(input: unknown): string[] {
  if (typeof input === 'string') return [input];
  if (typeof input !== 'object' || input === null || input instanceof Uint8Array) return [];
  return Object.values(input).flatMap(textsIn);
}
