import * as z from 'zod';
import { service } from './service-set.ts';

/**
 * The address of pages that show executions in place of AWS's console. Below it there is a page for each execution of
 * the workflow.
 */
export const executionsUrl = service(
  { EXECUTIONS_URL: z.url().optional() },
  ({
    EXECUTIONS_URL,
  }): {
    executionsUrl?: string;
  } => (EXECUTIONS_URL === undefined ? {} : { executionsUrl: EXECUTIONS_URL }),
);
