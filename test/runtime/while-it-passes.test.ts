import { describe, expect, test } from '@jest/globals';
import * as z from 'zod';
import { InvalidInputError, ServiceUnavailableError } from '../../lambdas/domain/errors.ts';
import { eventHandler } from '../../lambdas/runtime/event-handler.ts';
import { whileItPasses } from '../../lambdas/runtime/while-it-passes.ts';

const FIVE_MINUTES = 300_000;
/** Lambda tries an event once more after one minute, and once more after two. */
const OF_LAMBDA = 3 * FIVE_MINUTES + 180_000;

/** Runs attempts of a second each that fail until a moment of an invocation. Returns when it ended, and how. */
async function run(failsUntilMs: number, error: Error, lastsMs = FIVE_MINUTES) {
  let now = 0;
  const pauses: number[] = [];
  const time = {
    remaining: () => lastsMs - now,
    pause: async (ms: number) => {
      pauses.push(ms);
      now += ms;
    },
  };
  const attempt = async () => {
    now += 1_000;
    if (now < failsUntilMs) throw error;
  };
  const outcome = await whileItPasses(attempt, time).then(
    () => 'done' as const,
    (thrown: unknown) => thrown,
  );
  return { outcome, now, pauses };
}

const unavailable = new ServiceUnavailableError('DynamoDB could not be reached');

describe('an event that comes once', () => {
  test('is tried until the outage is over', async () => {
    expect(await run(200_000, unavailable)).toMatchObject({
      outcome: 'done',
      pauses: [2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000],
    });
  });

  test('fails with the error of the last attempt while there is time to end', async () => {
    const { outcome, now } = await run(Number.POSITIVE_INFINITY, unavailable);
    expect(outcome).toBe(unavailable);
    expect(now).toBeLessThan(FIVE_MINUTES);
    // As long as the tasks of the state machine, with the three tries of Lambda.
    expect(OF_LAMBDA - 3 * (FIVE_MINUTES - now)).toBeGreaterThan(902_000);
  });

  test.each([
    ['an error that does not pass', new InvalidInputError('push', []), 1],
    ['several errors that do not pass', new AggregateError([new RangeError('x')]), 1],
    ['several errors of which one passes', new AggregateError([new RangeError('x'), unavailable]), 3],
  ])('is tried for %s as often as that makes sense', async (_, error, attempts) => {
    expect((await run(5_000, error)).pauses).toHaveLength(attempts - 1);
  });

  test('is tried once if the time of the invocation is short', async () => {
    expect((await run(5_000, unavailable, 15_000)).pauses).toEqual([]);
  });

  test('is one whose handler says so: others come again with their schedule', async () => {
    const attempts = { once: 0, again: 0 };
    const envelope = { id: '1', 'detail-type': 'Said', source: 'test', time: '2026-11-30T10:00:00Z', detail: {} };
    const context = { getRemainingTimeInMillis: () => FIVE_MINUTES } as never;
    const fail = (name: keyof typeof attempts) => async () => {
      attempts[name] += 1;
      if (attempts[name] === 1) throw unavailable;
    };
    await eventHandler(z.object({}), fail('once'), { comesOnce: true })(envelope, context);
    await expect(eventHandler(z.object({}), fail('again'))(envelope, context)).rejects.toBe(unavailable);
    expect(attempts).toEqual({ once: 2, again: 1 });
  });
});
