import type { Log } from './logger.ts';

/** What a handler works with: the services of its function, and where it logs. */
export interface HandlerSetup<Services> {
  readonly services: Services;
  readonly log?: Log;
}
