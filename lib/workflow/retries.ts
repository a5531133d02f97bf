import { Duration } from 'aws-cdk-lib';
import { JitterType, type RetryProps } from 'aws-cdk-lib/aws-stepfunctions';
import { ERROR_NAMES } from '../../lambdas/domain/errors.ts';

/** What a task is tried again for, and how long. */
export const RETRIES = {
  /** What Lambda or a busy table may refuse for a moment. */
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
   * Everything, for at least 15 minutes: 2 + 4 + 8 + 16 + 32 seconds, then a minute each. Without jitter, which would
   * halve that; one deployment is no herd.
   */
  persistently: {
    errors: ['States.ALL'],
    interval: Duration.seconds(2),
    backoffRate: 2,
    maxDelay: Duration.seconds(60),
    maxAttempts: 19,
  },
  /** New accounts may run one build at a time and queue hardly any: waits for about an hour for a place. */
  queueing: {
    errors: ['CodeBuild.AccountLimitExceededException'],
    interval: Duration.seconds(30),
    backoffRate: 2,
    maxDelay: Duration.minutes(5),
    maxAttempts: 24,
    jitterStrategy: JitterType.FULL,
  },
} as const satisfies Record<string, RetryProps>;
