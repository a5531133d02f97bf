import { ConflictError } from '../domain/errors.ts';

/**
 * Names of the errors that AWS answers when it gets too many calls, or is still busy with an earlier one. The SDK does
 * not have a class for each of them.
 */
const BUSY = new Set([
  'ConflictException',
  'PriorRequestNotComplete',
  'RequestInProgressException',
  'Throttling',
  'ThrottlingException',
]);

/** Makes a call. Throws a ConflictError, which the workflow retries, when AWS is busy after all attempts of the SDK. */
export async function unlessBusy<T>(doing: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof Error && BUSY.has(error.name))
      throw new ConflictError(`${doing}: ${error.name}`, { cause: error });
    throw error;
  }
}
