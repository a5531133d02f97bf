import { ConflictError, type PassingError } from '../errors.ts';

/**
 * Returns the error that Step Functions is told when an error that passes ends a task. It has the one name that the
 * definitions of all releases retry, and its message begins with the name of the error itself.
 */
export const onWire = (error: PassingError): ConflictError =>
  error instanceof ConflictError ? error : new ConflictError(`${error.name}: ${error.message}`, { cause: error });

const NAMED = /^([A-Z]\w*Error): /;

/** Takes the name off a message that Step Functions was told. `name` is absent where the message has none. */
export function offWire(error: string, message: string): { readonly name?: string; readonly message: string } {
  const [prefix, name] = (error === CONFLICT && NAMED.exec(message)) || [];
  return prefix === undefined || name === undefined ? { message } : { name, message: message.slice(prefix.length) };
}

const CONFLICT: ConflictError['name'] = 'ConflictError';
