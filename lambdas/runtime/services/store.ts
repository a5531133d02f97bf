import * as z from 'zod';
import type { Store } from '../../domain/ports.ts';
import { lazyPort } from './lazy-port.ts';
import { service } from './service-set.ts';

export const store = service({ TABLE_NAME: z.string().min(1) }, ({ TABLE_NAME }) => ({
  store: lazyPort<Store>(async () => new (await import('../../adapters/dynamo-store.ts')).DynamoStore(TABLE_NAME)),
}));
