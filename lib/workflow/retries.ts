import { Duration } from 'aws-cdk-lib';
import { JitterType, type RetryProps } from 'aws-cdk-lib/aws-stepfunctions';
import { ERROR_NAMES } from '../../lambdas/domain/errors.ts';

/** The errors after which a task is retried, and how often. */
export const RETRIES = {
  /** Errors of Lambda or of a busy table that pass after a moment. */
  services: {
    errors: [
      'Lambda.ClientExecutionTimeoutException',
      'Lambda.ServiceException',
      'Lambda.AWSLambdaException',
      'Lambda.SdkClientException',
      'Lambda.TooManyRequestsException',
      ERROR_NAMES.conflict,
    ],
    interval: Duration.seconds(2),
    backoffRate: 2,
    maxDelay: Duration.seconds(30),
    maxAttempts: 6,
    jitterStrategy: JitterType.FULL,
  },
  /**
   * All errors, for at least 15 minutes: 2 + 4 + 8 + 16 + 32 seconds, then a minute each. Jitter would halve that time,
   * and a single deployment does not need it.
   */
  persistently: {
    errors: ['States.ALL'],
    interval: Duration.seconds(2),
    backoffRate: 2,
    maxDelay: Duration.seconds(60),
    maxAttempts: 19,
  },
  /** Waits about an hour for a free build: new accounts can run one build at a time and queue hardly any. */
  queueing: {
    errors: ['CodeBuild.AccountLimitExceededException'],
    interval: Duration.seconds(30),
    backoffRate: 2,
    maxDelay: Duration.minutes(5),
    maxAttempts: 24,
    jitterStrategy: JitterType.FULL,
  },
} as const satisfies Record<string, RetryProps>;
