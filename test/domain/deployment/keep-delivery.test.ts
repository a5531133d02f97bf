import { describe, expect, test } from '@jest/globals';
import { InMemoryStore } from '../../fakes/in-memory-store.ts';
import { World } from '../../harness/world.ts';

const PROD = { application: 'my-app', environment: 'prod1' };

describe('counting a delivery', () => {
  test('does not keep a deployment from ending when the counters cannot be read', async () => {
    const store = new InMemoryStore();
    const world = new World(store);
    await world.furnish();
    await world.bring(await world.release(), 'prod1');
    store.corrupt('delivery', PROD, { days: 'a hand was here' });
    await world.bring(await world.release(), 'prod1');
    expect((await world.state('prod1')).deployed?.release).toBe(2);
    expect((await world.state('prod1')).holder).toBeNull();
  });
});
