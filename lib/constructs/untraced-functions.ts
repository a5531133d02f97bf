import type { FunctionName } from '../../lambdas/functions.ts';

/**
 * Functions of which X-Ray records no traces. They run every few minutes, and mostly find nothing to do. X-Ray records
 * the first request of every second, so it would record each of these runs, which would cost as much as everything else
 * that an idle installation does.
 *
 * Source: https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html
 */
export const UNTRACED_FUNCTIONS: ReadonlySet<FunctionName> = new Set([
  'reconcile',
  'send-reminders',
  'sweep',
  'sweep-subscriptions',
]);
