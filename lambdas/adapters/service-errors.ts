import { isServerError, isThrottlingError, isTransientError } from '@smithy/core/retry';
import { DomainError, ServiceUnavailableError } from '../domain/errors.ts';
import { isSdkError } from './sdk-error.ts';

/**
 * Names under which AWS says that it is busy or broken, beyond those that the SDK itself knows. They also come with a
 * status of 400, or inside a successful answer of PutEvents.
 */
const PASSING = new Set([
  // ACM and Route 53, while an earlier change of the same certificate or zone is in progress.
  'ConflictException',
  'PriorRequestNotComplete',
  'RequestInProgressException',
  'InternalError',
  'InternalErrorException',
  'InternalException',
  'InternalFailure',
  'InternalServerError',
  'InternalServerException',
  'KMS.ThrottlingException',
  'KMSInternalException',
  'KMSThrottlingException',
  'ServiceUnavailable',
  'ServiceUnavailableException',
  // A request that was aborted because the answer took too long.
  'AbortError',
]);
/** Names in the SDK's list of throttles that are quotas in the services that Stagegate calls: waiting does not help. */
const LASTING = new Set(['LimitExceededException']);
/** Codes of Node.js for connections that broke, beyond those that the SDK knows. */
const BROKEN = /^(?:ECONNABORTED|EHOSTDOWN|ENETDOWN|ENETRESET|EPROTO|ERR_SSL_|ERR_TLS_|ERR_STREAM_PREMATURE_CLOSE)/;
/** Reasons for which DynamoDB cancels a whole transaction, and which pass. */
const PASSING_REASONS = new Set(['ThrottlingError', 'ProvisionedThroughputExceeded', 'RequestLimitExceeded']);

/**
 * Returns whether an error means that a service of AWS could not be reached, was too busy or had a fault of its own:
 * the same call may succeed a little later. The SDK has tried several times by then.
 */
export function isPassing(error: unknown): error is Error {
  if (!isSdkError(error) || error instanceof DomainError || LASTING.has(error.name)) return false;
  if (PASSING.has(error.name) || BROKEN.test(textOf(error, 'code'))) return true;
  if (error.name === 'TransactionCanceledException') return reasonsOf(error).some((code) => PASSING_REASONS.has(code));
  return isThrottlingError(error) || isTransientError(error) || isServerError(error) || isCutOff(error);
}

/**
 * Returns the error to throw for one that an adapter threw: a ServiceUnavailableError if it may pass, otherwise the
 * error itself. The message has names only, because what a service says may name keys that are secret.
 */
export function explained(error: unknown, service: string, doing: string): unknown {
  if (!isPassing(error)) return error;
  const what = error.name === 'Error' ? textOf(error, 'code') || error.name : error.name;
  return new ServiceUnavailableError(`${service} could not be reached or was too busy: ${doing} failed with ${what}`, {
    cause: error,
  });
}

/** Returns whether an answer ended in the middle, so that the SDK could not parse it. */
const isCutOff = (error: Error): boolean => error.name === 'SyntaxError' && '$response' in error;

const textOf = (error: Error, field: string): string => {
  const value: unknown = Reflect.get(error, field);
  return typeof value === 'string' ? value : '';
};

function reasonsOf(error: Error): string[] {
  const reasons: unknown = Reflect.get(error, 'CancellationReasons');
  return Array.isArray(reasons) ? reasons.map((reason: { Code?: string } | undefined) => reason?.Code ?? 'None') : [];
}
