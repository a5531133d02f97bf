import { TIME_TO_LIVE } from '../lambdas/domain/contract/records-table.ts';

/**
 * The table of records. The template makes it like this, and `npm run restore:check` demands the same of a table that
 * was restored from a backup: a restore brings back records, keys and indexes, and leaves out the settings.
 */
export const RECORDS_TABLE = {
  partitionKey: 'pk',
  sortKey: 'sk',
  index: { name: 'gsi1', partitionKey: 'gsi1pk', sortKey: 'gsi1sk' },
  timeToLive: TIME_TO_LIVE,
} as const;

/** The tags of everything in the stack. */
export const STACK_TAGS = { application: 'stagegate' } as const;
