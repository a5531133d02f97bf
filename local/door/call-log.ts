import type { RequiredPermission } from './wire.ts';

/** One call through the door, or one permission check that a service makes for a caller (operation `authorize`). */
export interface CallRecord {
  readonly at: Date;
  readonly requestId: string;
  readonly caller: string;
  readonly service: string;
  readonly operation: string;
  readonly permissions: readonly RequiredPermission[];
  /** `ok`, or the error's code. */
  readonly outcome: string;
  readonly message?: string;
  readonly durationMs: number;
}

export interface CallLog {
  record(call: CallRecord): void;
  /** Returns the calls, oldest first; only the newest ones are kept. */
  list(): readonly CallRecord[];
  /** Reports every call from now on; the returned function ends this. */
  watch(listener: (call: CallRecord) => void): () => void;
  /** Resolves when the next wanted call has been made, or after `atLatestMs`. */
  next(isWanted: (call: CallRecord) => boolean, atLatestMs: number): Promise<void>;
}

export function createCallLog(capacity = 20_000): CallLog {
  let records: CallRecord[] = [];
  const listeners = new Set<(call: CallRecord) => void>();
  return {
    record(call) {
      records.push(call);
      if (records.length > 2 * capacity) records = records.slice(-capacity);
      for (const listener of listeners) listener(call);
    },
    list: () => records.slice(-capacity),
    watch(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    next: (isWanted, atLatestMs) =>
      new Promise((resolve) => {
        const end = () => {
          clearTimeout(timer);
          listeners.delete(listener);
          resolve();
        };
        const timer = setTimeout(end, atLatestMs);
        const listener = (call: CallRecord) => isWanted(call) && end();
        listeners.add(listener);
      }),
  };
}
