import { DomainError } from '../domain/errors.ts';
import { noted } from './calls-under-way.ts';

/**
 * Makes a call of a service, which is noted until it has ended and its error is explained. An error that passes
 * (`isPassing`) is thrown as ServiceUnavailableError. What is known about the errors of services is loaded only when a
 * call fails.
 */
export const orUnavailable = <T>(service: string, doing: string, call: () => Promise<T>): Promise<T> =>
  noted(attempted(service, doing, call));

async function attempted<T>(service: string, doing: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof DomainError) throw error;
    const { explained } = await import('./service-errors.ts');
    throw explained(error, service, doing);
  }
}
