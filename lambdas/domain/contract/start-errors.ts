/**
 * The names that Step Functions gives to errors of StartBuild. A build that ran and failed has another name,
 * `States.TaskFailed`, as Catch and Retry see it.
 */

/** CodeBuild took the request and refused it: no build was started. */
export const REFUSED_FOR_NOW = [
  'CodeBuild.AccountLimitExceededException',
  'CodeBuild.ThrottlingException',
  'CodeBuild.TooManyRequestsException',
  'CodeBuild.RequestLimitExceeded',
] as const;

/**
 * A build may have been started, or may not. CodeBuild models neither throttling nor errors of its own, so both come
 * with the name of the service's general exception. The third name is that of older SDKs.
 */
export const UNANSWERED = [
  'CodeBuild.CodeBuildException',
  'CodeBuild.SdkClientException',
  'CodeBuild.AWSCodeBuildException',
  'CodeBuild.InternalFailure',
  'CodeBuild.InternalServerException',
  'CodeBuild.InternalServiceException',
  'CodeBuild.InternalServiceError',
  'CodeBuild.ServiceUnavailable',
  'CodeBuild.ServiceUnavailableException',
  'CodeBuild.RequestTimeout',
  'CodeBuild.RequestTimeoutException',
] as const;

const PREFIX = 'CodeBuild.';
const NOT_ANSWERED: readonly string[] = UNANSWERED;

/** Returns whether the error is one of StartBuild, and not of a build. */
export const isStartError = (error: string): boolean => error.startsWith(PREFIX);

/** Returns whether StartBuild was not answered. */
export const isUnanswered = (error: string): boolean => NOT_ANSWERED.includes(error);
