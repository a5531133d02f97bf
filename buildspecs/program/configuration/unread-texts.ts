import { decodeQuoted } from '../hcl/template-text.ts';
import { parseHcl } from './hcl.ts';

/**
 * Words shorter than this are not taken from a text that was not understood. It has too many of them, and without them
 * no message would say anything.
 */
const SHORTEST = 4;

/** Words of the language and of every file of values, which reveal nothing. */
const COMMON = new Set([
  'true',
  'false',
  'null',
  'default',
  'sensitive',
  'variable',
  'type',
  'string',
  'number',
  'bool',
]);

const QUOTED = /"((?:\\.|[^"\\\n])*)"/g;
const WORDS = /[^\s"',;:=(){}[\]]+/g;
const PARTS = /[^\p{L}\p{N}]+/u;

/** Where a line sets a value, most of the time. */
const SETTINGS = /^(?=[ \t]*[\p{L}_][\p{L}\p{N}_-]*[ \t]*=)/mu;

/**
 * Returns every text in a file of values, or in a piece of configuration, that was not wholly understood: what is in
 * quotes, each line, each word after an equals sign or colon, and the parts of such words, because the engine may print
 * a part. Texts are decoded, too, as far as they have escapes. A setting that can be understood alone has the texts that
 * the engine reads.
 */
export function unreadTexts(text: string): string[] {
  const lines = text.split('\n').map((line) => line.trim());
  const values = lines.map((line) => line.replace(/^"?[\p{L}\p{N}_-]+"?\s*[=:]\s*/u, ''));
  const quoted = [...text.matchAll(QUOTED)].map(([, inner = '']) => inner);
  const words = values.flatMap((value) => value.match(WORDS) ?? []);
  const read = text.split(SETTINGS).flatMap((setting) => parseHcl(`${setting}\n`).attributes);
  const found = [
    ...[...values, ...quoted, ...quoted.map(decodeQuoted), ...quoted.map(decodeJson), ...words],
    ...read.flatMap(({ texts }) => texts),
  ];
  return [...new Set([...found, ...words.flatMap((word) => word.split(PARTS))])].filter(
    (one) => one.trim().length >= SHORTEST && !COMMON.has(one.trim()),
  );
}

function decodeJson(inner: string): string {
  try {
    return String(JSON.parse(`"${inner}"`));
  } catch {
    return inner;
  }
}
