import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, jest, test } from '@jest/globals';
import { systemClock } from '../../local/clock.ts';

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
    await sleep(5);
    takeBack();
    expect(called).toEqual([]);
  });

  test('does not call an action whose timer is early', async () => {
    const time = systemClock.now() + 5;
    const now = jest.spyOn(Date, 'now').mockReturnValue(time - 1);
    try {
      const called: number[] = [];
      systemClock.at(time, () => called.push(Date.now()));
      await sleep(30);
      expect(called).toEqual([]);
      now.mockReturnValue(time);
      await sleep(30);
      expect(called).toEqual([time]);
    } finally {
      now.mockRestore();
    }
  });
});
