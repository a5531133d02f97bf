import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import * as z from 'zod';
import { eventHandler } from '../../lambdas/runtime/event-handler.ts';
import { lazyPort } from '../../lambdas/runtime/services/lazy-port.ts';
import { taskHandler } from '../../lambdas/runtime/task-handler.ts';

interface Place {
  fail(): Promise<void>;
  write(text: string): Promise<void>;
  hang(): Promise<void>;
}

const written: string[] = [];
const place = lazyPort<Place>('Place', async () => ({
  async fail() {
    throw new RangeError('not today');
  },
  async write(text) {
    await sleep(50);
    written.push(text);
  },
  async hang() {
    await sleep(60_000, undefined, { ref: false });
  },
}));
const envelope = { id: '1', 'detail-type': 'Said', source: 'test', time: '2026-11-30T10:00:00Z', detail: {} };
const schemas = { input: z.object({ deploymentId: z.string() }), output: z.object({}) };
const context = { getRemainingTimeInMillis: () => 10_000 } as never;

describe('an invocation', () => {
  test('that fails for one of its calls ends when the others have ended', async () => {
    const task = taskHandler(schemas, async () => {
      await Promise.all([place.fail(), place.write('task').then(() => place.write('and then'))]);
      return {};
    });
    await expect(task({ deploymentId: 'd' }, context)).rejects.toThrow('not today');
    expect(written).toEqual(['task', 'and then']);
  });

  test('that succeeds ends when calls have ended for which it did not wait', async () => {
    const event = eventHandler(z.object({}), async () => void place.write('event'));
    await event(envelope, context);
    expect(written).toContain('event');
  });

  test('does not wait for a call that gets no answer', async () => {
    const event = eventHandler(z.object({}), async () => void place.hang());
    await event(envelope, context);
  });
});
