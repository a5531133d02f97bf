import { Duration } from 'aws-cdk-lib';
import { JitterType, type RetryProps, type TaskStateBase } from 'aws-cdk-lib/aws-stepfunctions';
import { FINAL_ERRORS } from '../../lambdas/domain/errors.ts';

/** A task is not retried after these errors. A retrier without attempts comes before one for all other errors. */
const never = (errors: readonly string[]): RetryProps => ({ errors: [...errors], maxAttempts: 0 });

/**
 * All errors, for at least 15 minutes: 2 + 4 + 8 + 16 + 32 seconds, then a minute each. Jitter could shorten that to
 * nothing; and deployments fail at different times, so they do not come back all at once.
 */
const PERSISTENTLY: RetryProps = {
  errors: ['States.ALL'],
  interval: Duration.seconds(2),
  backoffRate: 2,
  maxDelay: Duration.seconds(60),
  maxAttempts: 19,
};

/** The errors after which a task is retried, and how often. The first entry that matches an error decides. */
export const RETRIES = {
  /**
   * For every function. Only errors that a repetition cannot change end a task at once; a throttle, an outage or a crash
   * does so only when it lasts.
   */
  function: [never(FINAL_ERRORS), PERSISTENTLY],
  /** For a function whose task waits for its token: the end of the waiting is no error. */
  functionWithToken: [never(['States.Timeout']), never(FINAL_ERRORS), PERSISTENTLY],
  /** Waits about an hour for a free build: new accounts can run one build at a time and queue hardly any. */
  queueing: [
    {
      errors: ['CodeBuild.AccountLimitExceededException'],
      interval: Duration.seconds(30),
      backoffRate: 2,
      maxDelay: Duration.minutes(5),
      maxAttempts: 24,
      jitterStrategy: JitterType.FULL,
    },
  ],
} as const satisfies Record<string, readonly RetryProps[]>;

/** Adds the retriers to a task, in their order. */
export function retried(task: TaskStateBase, retriers: readonly RetryProps[]): TaskStateBase {
  for (const retrier of retriers) task.addRetry(retrier);
  return task;
}
