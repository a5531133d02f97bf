import type { Store } from '../../lambdas/domain/ports.ts';
import { describeStore } from '../contracts/store-contract.ts';
import { InMemoryStore } from './in-memory-store.ts';

let store = new InMemoryStore();

describeStore('InMemoryStore', {
  start: async () => {},
  stop: async () => {},
  open: async (): Promise<Store> => {
    store = new InMemoryStore();
    return store;
  },
  corrupt: async (kind, key, data) => store.corrupt(kind, key, data),
});
