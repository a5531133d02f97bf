import * as z from 'zod';
import { service } from './service-set.ts';

/** How long after a failed destruction it is tried again for the first time. */
export const firstPause = service(
  { FIRST_PAUSE_SECONDS: z.coerce.number().int().min(1) },
  ({ FIRST_PAUSE_SECONDS }) => ({ firstPauseSeconds: FIRST_PAUSE_SECONDS }),
);
