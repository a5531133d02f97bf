import type { RequiredPermission } from './wire.ts';

/** One call through the door, or one permission check made by a service on behalf of a caller (operation `authorize`). */
interface CallRecord {
  readonly at: Date;
  readonly requestId: string;
  readonly caller: string;
  readonly service: string;
  readonly operation: string;
  readonly permissions: readonly RequiredPermission[];
  /** `ok`, or the code of the error. */
  readonly outcome: string;
  readonly message?: string;
  readonly durationMs: number;
}

export interface CallLog {
  record(call: CallRecord): void;
  /** Oldest first; only the newest calls are kept. */
  list(): readonly CallRecord[];
}

export function createCallLog(capacity = 20_000): CallLog {
  let records: CallRecord[] = [];
  return {
    record(call) {
      records.push(call);
      if (records.length > 2 * capacity) records = records.slice(-capacity);
    },
    list: () => records.slice(-capacity),
  };
}
