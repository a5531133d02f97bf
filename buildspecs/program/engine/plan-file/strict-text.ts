import { shortenPath } from '../../../../lambdas/domain/contract/added-files.ts';

/** UTF-8 as it is, with a byte-order mark as a character of its own; undefined where it is none. */
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

/** One line without what nobody sees or what turns the direction of text: such names can be shown to people. */
export const isPlainLine = (text: string): boolean => text.length <= 4096 && PLAIN.test(text);

const escapeCharacter = (character: string): string =>
  [...Array(character.length).keys()]
    .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`)
    .join('');

/**
 * A path as people can read it, whatever is in it: quoted as in JSON, what they would not see escaped, without the
 * middle of a long one.
 */
export const quotePath = (path: string): string =>
  JSON.stringify(shortenPath(path)).replace(EACH_UNSEEN, escapeCharacter);
