import * as z from 'zod';
import { service } from './service-set.ts';

/** Where executions are looked at, if not in AWS's console: pages below which there is one per machine and execution. */
export const executionsUrl = service(
  { EXECUTIONS_URL: z.url().optional() },
  ({
    EXECUTIONS_URL,
  }): {
    executionsUrl?: string;
  } => (EXECUTIONS_URL === undefined ? {} : { executionsUrl: EXECUTIONS_URL }),
);
