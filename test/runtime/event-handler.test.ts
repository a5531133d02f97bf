import { describe, expect, test } from '@jest/globals';
import * as z from 'zod';
import { eventHandler } from '../../lambdas/runtime/event-handler.ts';

const EVENT = {
  id: 'e-1',
  'detail-type': 'ConfigPushed',
  source: 'stagegate',
  time: '2026-11-23T10:00:00Z',
  detail: { branch: 'main' },
};

describe('a handler of events', () => {
  const consumed: unknown[] = [];
  const handler = eventHandler(z.object({ branch: z.string() }), async ({ branch }, { time }) => {
    consumed.push({ branch, time });
  });
  const consume = (event: object) => handler(event, {} as never);

  test('gets the detail, and when the event was put on the bus', async () => {
    await consume(EVENT);
    expect(consumed).toEqual([{ branch: 'main', time: '2026-11-23T10:00:00Z' }]);
  });

  test.each([
    ['a time that is none', { time: 'now' }, /time/],
    ['no time', { time: undefined }, /time/],
    ['another detail', { detail: {} }, /branch/],
  ])('fails for %s, so that the event is kept', async (_, facts, message) => {
    await expect(consume({ ...EVENT, ...facts })).rejects.toThrow(message);
  });
});
