import type { CallRecord } from './call-log.ts';

const WRITES: ReadonlySet<string> = new Set(['PutItem', 'UpdateItem', 'DeleteItem', 'TransactWriteItems']);

/** The partition keys of what a call has written to the table; undefined if it is none that writes. */
export function writtenKeys({ service, operation, permissions }: CallRecord): string[] | undefined {
  if (service !== 'dynamodb' || !WRITES.has(operation)) return undefined;
  return permissions
    .filter(({ action }) => action !== 'dynamodb:ConditionCheckItem')
    .flatMap(({ context }) => context?.['dynamodb:LeadingKeys'] ?? []);
}
