import { isUtf8 } from 'node:buffer';
import { quotePath } from '../engine/plan-file/strict-text.ts';

const SLASH = '/';
const PRINTABLE = /^[\x20-\x7e]$/;

/**
 * Returns a path in a form that people can read, whatever its bytes are: quoted as `quotePath` does, and in names that
 * are not UTF-8 each byte outside of ASCII as `\xNN`.
 */
export function quoteBytes(path: Buffer): string {
  if (isUtf8(path)) return quotePath(path.toString());
  const names = path.toString('latin1').split(SLASH).map(readableName);
  // What `readableName` escaped is not escaped once more.
  return quotePath(names.join(SLASH)).replaceAll('\\\\x', '\\x');
}

function readableName(latin1: string): string {
  const bytes = Buffer.from(latin1, 'latin1');
  if (isUtf8(bytes)) return bytes.toString();
  return [...latin1].map((byte) => (PRINTABLE.test(byte) ? byte : `\\x${hex(byte)}`)).join('');
}

const hex = (byte: string): string => byte.charCodeAt(0).toString(16).padStart(2, '0');
