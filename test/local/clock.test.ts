import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
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
});
