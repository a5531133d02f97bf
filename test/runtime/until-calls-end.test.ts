import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, test } from '@jest/globals';
import * as z from 'zod';
import { eventHandler } from '../../lambdas/runtime/event-handler.ts';
import { lazyPort } from '../../lambdas/runtime/services/lazy-port.ts';
import { taskHandler } from '../../lambdas/runtime/task-handler.ts';

interface Place {
  fail(): Promise<void>;
  write(text: string): Promise<void>;
  answer(when: Promise<void>): Promise<void>;
  failAfter(when: Promise<void>): Promise<void>;
  hang(): Promise<void>;
}

const written: string[] = [];
const { promise: theEnd, resolve: end } = Promise.withResolvers<void>();
afterAll(() => end());
const place = lazyPort<Place>('Place', async () => ({
  async fail() {
    throw new RangeError('not today');
  },
  async write(text) {
    await sleep(10);
    written.push(text);
  },
  async answer(when) {
    await when;
  },
  async failAfter(when) {
    await when;
    throw new RangeError('not today');
  },
  async hang() {
    await theEnd;
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

  test.each([
    ['has been answered', (now: Promise<void>) => place.answer(now)],
    ['has failed', (now: Promise<void>) => place.failAfter(now).catch(() => undefined)],
  ])('that fails at any moment after another call %s ends when the call that follows has ended', async (how, first) => {
    for (let moment = 0; moment < 60; moment += 1) {
      const { promise: now, resolve } = Promise.withResolvers<void>();
      const failAtMoment = async () => {
        await now;
        for (let passed = 0; passed < moment; passed += 1) await undefined;
        throw new RangeError('not now');
      };
      const task = taskHandler(schemas, async () => {
        setImmediate(resolve);
        await Promise.all([failAtMoment(), first(now).then(() => place.write(`${how}, ${moment}`))]);
        return {};
      });
      await expect(task({ deploymentId: 'd' }, context)).rejects.toThrow('not now');
      expect(written).toContain(`${how}, ${moment}`);
    }
  });

  test('that fails while an adapter is loaded ends when the call of it has ended', async () => {
    const slow = lazyPort<Pick<Place, 'write'>>('Place', async () => {
      await sleep(20);
      return {
        async write(text) {
          written.push(text);
        },
      };
    });
    const task = taskHandler(schemas, async () => {
      await Promise.all([slow.write('when loaded'), Promise.reject(new RangeError('not today'))]);
      return {};
    });
    await expect(task({ deploymentId: 'd' }, context)).rejects.toThrow('not today');
    expect(written).toContain('when loaded');
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
