import { readFileSync } from 'node:fs';
import { describeError, PhaseError } from '../build/failure.ts';
import { quotePath } from '../engine/plan-file/strict-text.ts';
import { kindAt } from './places.ts';

/** Reads a file of the commit. `named`: its path for messages. Throws PhaseError, as for a link to nothing. */
export function readText(file: string, named: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const why = kindAt(file) === 'file' ? describeError(error) : 'it is a link to no file';
    throw new PhaseError('checkout', `${quotePath(named)} cannot be read: ${why}`);
  }
}
