import { describe, expect, jest, test } from '@jest/globals';
import { systemClock } from '../../local/clock.ts';
import { until } from './manual-clock.ts';

describe('the system clock', () => {
  test('calls an action whose time has come, also one that is past', async () => {
    const called: string[] = [];
    await Promise.all([
      new Promise<void>((resolve) => systemClock.at(systemClock.now() - 1000, () => resolve(void called.push('past')))),
      new Promise<void>((resolve) => systemClock.at(systemClock.now() + 5, () => resolve(void called.push('soon')))),
    ]);
    expect(called.sort()).toEqual(['past', 'soon']);
  });

  test('does not call what was taken back, nor what lies beyond the longest timer', async () => {
    const called: string[] = [];
    systemClock.at(systemClock.now(), () => called.push('taken back'))();
    const takeBack = systemClock.at(systemClock.now() + 2 ** 31 + 1000, () => called.push('in 25 days'));
    // Timers that are due at the same time fire in the order in which they were set.
    await new Promise<void>((resolve) => systemClock.at(systemClock.now(), resolve));
    takeBack();
    expect(called).toEqual([]);
  });

  test('does not call an action whose timer is early', async () => {
    const time = systemClock.now() + 5;
    const now = jest.spyOn(Date, 'now').mockReturnValue(time - 1);
    try {
      const called: number[] = [];
      systemClock.at(time, () => called.push(Date.now()));
      // Every time the clock is read, it returns a time that is 1 ms too early.
      await until(() => now.mock.calls.length >= 10);
      expect(called).toEqual([]);
      now.mockReturnValue(time);
      await until(() => called.length > 0);
      expect(called).toEqual([time]);
    } finally {
      now.mockRestore();
    }
  });
});
