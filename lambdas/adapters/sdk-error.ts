import { types } from 'node:util';

/**
 * Returns whether a thrown value is an error that the SDK can classify: its cause, if it has one, is an error too.
 */
export const isSdkError = (error: unknown): error is Error & { cause?: Error } =>
  types.isNativeError(error) && (error.cause === undefined || types.isNativeError(error.cause));
