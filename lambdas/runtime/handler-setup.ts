import type { Log } from './logger.ts';

/** The services of a function, and the log its handler writes to. */
export interface HandlerSetup<Services> {
  readonly services: Services;
  readonly log?: Log;
}
