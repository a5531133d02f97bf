import * as z from 'zod';
import type { UnreadableRecordError } from '../../domain/errors.ts';
import type { Store } from '../../domain/ports.ts';
import { lazyPort } from './lazy-port.ts';
import { service } from './service-set.ts';

/** Loaded with the first record that cannot be read. */
const report = async (unreadable: UnreadableRecordError): Promise<void> =>
  (await import('../report-unreadable.ts')).reportUnreadable(unreadable);

export const store = service({ TABLE_NAME: z.string().min(1) }, ({ TABLE_NAME }) => ({
  store: lazyPort<Store>(
    'DynamoDB',
    async () => new (await import('../../adapters/dynamo-store.ts')).DynamoStore(TABLE_NAME, {}, { report }),
  ),
}));
