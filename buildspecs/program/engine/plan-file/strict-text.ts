import { shortenPath } from '../../../../lambdas/domain/contract/added-files.ts';

/** Decodes UTF-8, in which a byte-order mark stays a character. Returns undefined for bytes that are not UTF-8. */
export function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

const UNSEEN = '\\p{Cc}\\p{Cf}\\p{Cs}\\p{Zl}\\p{Zp}';
const PLAIN = new RegExp(`^[^${UNSEEN}]*$`, 'u');
const EACH_UNSEEN = new RegExp(`[${UNSEEN}]`, 'gu');

/** Returns whether a text can be shown to people: one line, without invisible characters and changes of direction. */
export const isPlainLine = (text: string): boolean => text.length <= 4096 && PLAIN.test(text);

const escapeCharacter = (character: string): string =>
  [...Array(character.length).keys()]
    .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`)
    .join('');

/**
 * Returns a path in a form that people can read, whatever the path contains: quoted as in JSON, with invisible
 * characters escaped, and without its middle if it is long.
 */
export const quotePath = (path: string): string =>
  JSON.stringify(shortenPath(path)).replace(EACH_UNSEEN, escapeCharacter);
