import * as z from 'zod';
import { service } from './service-set.ts';

/** Seconds between the failed destruction of an environment and the first new attempt. */
export const firstPause = service(
  { FIRST_PAUSE_SECONDS: z.coerce.number().int().min(1) },
  ({ FIRST_PAUSE_SECONDS }) => ({ firstPauseSeconds: FIRST_PAUSE_SECONDS }),
);
