import { Duration } from 'aws-cdk-lib';
import { JitterType, type RetryProps, type TaskStateBase } from 'aws-cdk-lib/aws-stepfunctions';
import { REFUSED_FOR_NOW, UNANSWERED } from '../../lambdas/domain/contract/start-errors.ts';
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
  /**
   * Waits about five hours until CodeBuild takes a plan: new accounts can run one build at a time and queue hardly any.
   * The pauses are five times as long as those of an apply, so that a free place goes to an apply.
   */
  planInQueue: [
    {
      errors: [...REFUSED_FOR_NOW],
      interval: Duration.seconds(60),
      backoffRate: 2,
      maxDelay: Duration.minutes(5),
      maxAttempts: 120,
      jitterStrategy: JitterType.FULL,
    },
  ],
  /** Waits about four hours until CodeBuild takes an apply. Each retry adds three events to the history. */
  applyInQueue: [
    {
      errors: [...REFUSED_FOR_NOW],
      interval: Duration.seconds(10),
      backoffRate: 2,
      maxDelay: Duration.seconds(60),
      maxAttempts: 480,
      jitterStrategy: JitterType.FULL,
    },
  ],
  /**
   * All errors of StartBuild, for three minutes: 2 + 4 + 8 + 16 seconds, then half a minute each. One retrier counts
   * them all, because the token that leads to the same build is valid for five minutes from its first use.
   */
  sameBuild: [
    {
      errors: [...UNANSWERED, ...REFUSED_FOR_NOW],
      interval: Duration.seconds(2),
      backoffRate: 2,
      maxDelay: Duration.seconds(30),
      maxAttempts: 9,
    },
  ],
} as const satisfies Record<string, readonly RetryProps[]>;

/** Adds the retriers to a task, in their order. */
export function retried(task: TaskStateBase, retriers: readonly RetryProps[]): TaskStateBase {
  for (const retrier of retriers) task.addRetry(retrier);
  return task;
}
