import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Scheduler } from '../../lambdas/domain/ports.ts';

export interface OpenScheduler {
  readonly scheduler: Scheduler;
  close?(): Promise<void>;
  /** When a wake-up is due and for which environment; undefined when there is none of that name. */
  read(name: string): Promise<{ at: string; application: string; environment: string } | undefined>;
}

const NEXT_YEAR = new Date().getUTCFullYear() + 1;
const AT = `${NEXT_YEAR}-03-04T05:06:07.000Z`;
const PLACE = { application: 'my-app', environment: 'pr-7' };

/** What everything that calls itself a Scheduler must do. */
export function describeScheduler(name: string, open: () => Promise<OpenScheduler>): void {
  describe(name, () => {
    let opened: OpenScheduler;
    beforeAll(async () => {
      opened = await open();
    });
    afterAll(() => opened.close?.());

    test('keeps what it is to wake, and when', async () => {
      await opened.scheduler.wakeAt('my-app.pr-7', AT, PLACE);
      expect(await opened.read('my-app.pr-7')).toEqual({ at: AT, ...PLACE });
    });

    test('sets a wake-up of the same name again', async () => {
      await opened.scheduler.wakeAt('my-app.pr-8', AT, PLACE);
      const later = `${NEXT_YEAR}-04-04T05:06:07.000Z`;
      await opened.scheduler.wakeAt('my-app.pr-8', later, PLACE);
      expect(await opened.read('my-app.pr-8')).toEqual({ at: later, ...PLACE });
    });

    test('takes a wake-up back, also one that is not there any more', async () => {
      await opened.scheduler.wakeAt('my-app.pr-9', AT, PLACE);
      await opened.scheduler.cancel('my-app.pr-9');
      expect(await opened.read('my-app.pr-9')).toBeUndefined();
      await opened.scheduler.cancel('my-app.pr-9');
      await opened.scheduler.cancel('my-app.never');
    });

    test('takes the longest name there can be', async () => {
      const longest = `${'a'.repeat(32)}.${'b'.repeat(16)}`;
      await opened.scheduler.wakeAt(longest, AT, PLACE);
      expect(await opened.read(longest)).toEqual({ at: AT, ...PLACE });
    });
  });
}
