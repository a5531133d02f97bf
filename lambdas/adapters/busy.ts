import { ConflictError } from '../domain/errors.ts';

/** What AWS says when it was asked too often, or is still busy with what was asked before. Not all of it has a class. */
const BUSY = new Set([
  'ConflictException',
  'PriorRequestNotComplete',
  'RequestInProgressException',
  'Throttling',
  'ThrottlingException',
]);

/** Makes a call; what is left of throttling after the SDK's own attempts is a ConflictError, which the workflow retries. */
export async function unlessBusy<T>(doing: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof Error && BUSY.has(error.name))
      throw new ConflictError(`${doing}: ${error.name}`, { cause: error });
    throw error;
  }
}
