import type { Unparsed, WrittenCall } from './call-texts.ts';
import { callsInHcl } from './hcl-calls.ts';
import { callsInJson } from './json-calls.ts';

/** Returns the module calls in a file. Places are those of its text in UTF-8, with a byte order mark if it has one. */
export function callsIn(name: string, bytes: Buffer): { readonly calls: readonly WrittenCall[] } | Unparsed {
  const text = bytes.toString('utf8');
  // Other encodings would be changed by writing them again, and the engine reads UTF-8 only.
  if (!Buffer.from(text, 'utf8').equals(bytes)) return { errorLine: lineOfBadByte(bytes) };
  const found = name.endsWith('.json') ? callsInJson(text) : callsInHcl(text);
  return 'errorLine' in found ? found : { calls: found };
}

function lineOfBadByte(bytes: Buffer): number {
  const good = Buffer.from(bytes.toString('utf8'), 'utf8');
  let at = 0;
  while (at < bytes.length && bytes[at] === good[at]) at++;
  return bytes.subarray(0, at).toString('latin1').split('\n').length;
}
