import type { CallRecord } from './call-log.ts';

const WRITES: ReadonlySet<string> = new Set(['PutItem', 'UpdateItem', 'DeleteItem', 'TransactWriteItems']);

/**
 * Returns the partition keys of the records that a call has written to the table, or undefined if the call does not
 * write.
 */
export function writtenKeys({ service, operation, permissions }: CallRecord): string[] | undefined {
  if (service !== 'dynamodb' || !WRITES.has(operation)) return undefined;
  return permissions
    .filter(({ action }) => action !== 'dynamodb:ConditionCheckItem')
    .flatMap(({ context }) => context?.['dynamodb:LeadingKeys'] ?? []);
}
