/** UTF-8 as it is, with a byte-order mark as a character of its own; undefined where it is none. */
export function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** One line without what nobody sees or what turns the direction of text: such names can be shown to people. */
export const isPlainLine = (text: string): boolean =>
  text.length <= 4096 && /^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]*$/u.test(text);
