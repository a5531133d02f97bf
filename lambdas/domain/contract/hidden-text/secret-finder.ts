/** Places of secrets in a text, as [start, end) pairs. */
export type Spans = readonly (readonly [start: number, end: number])[];

interface Pattern {
  readonly text: string;
  /** Whether the text counts only where no letter or digit precedes or follows it. */
  readonly wholeWord: boolean;
  /**
   * Whether the text is base64 of a part of a longer value. Then everything around the text in the same alphabet
   * belongs to the span, too.
   */
  readonly inBase64: boolean;
}

const PREFIX = 4;
const isWordCharacter = (char: string | undefined): boolean => char !== undefined && /[\p{L}\p{N}]/u.test(char);
const isBase64Character = (char: string | undefined): boolean => char !== undefined && /[A-Za-z0-9+/=_-]/.test(char);

/**
 * Finds many fixed texts at once by their first characters. A search costs about one step per character, whatever the
 * number of secrets.
 */
export class SecretFinder {
  readonly #known = new Set<string>();
  readonly #byPrefix = new Map<string, Pattern[]>();
  /** Hashes of the prefixes that exist. One look rules out most places of a text. */
  readonly #prefixHashes = new Uint8Array(1 << 16);

  add(text: string, options: { wholeWord?: boolean; inBase64?: boolean } = {}): void {
    if (text.length < PREFIX || this.#known.has(text)) return;
    this.#known.add(text);
    const prefix = text.slice(0, PREFIX);
    const pattern = { text, wholeWord: options.wholeWord ?? false, inBase64: options.inBase64 ?? false };
    const siblings = this.#byPrefix.get(prefix);
    if (siblings) siblings.push(pattern);
    else this.#byPrefix.set(prefix, [pattern]);
    this.#prefixHashes[hashAt(text, 0)] = 1;
  }

  find(text: string): Spans {
    const spans: [number, number][] = [];
    for (let at = 0; at + PREFIX <= text.length; at++) {
      if (!this.#prefixHashes[hashAt(text, at)]) continue;
      for (const pattern of this.#byPrefix.get(text.slice(at, at + PREFIX)) ?? []) {
        if (!text.startsWith(pattern.text, at)) continue;
        const span = spanOf(text, at, pattern);
        if (span) spans.push(span);
      }
    }
    return merged(spans);
  }
}

const hashAt = (text: string, at: number): number =>
  (text.charCodeAt(at) * 31 +
    text.charCodeAt(at + 1) * 1021 +
    text.charCodeAt(at + 2) * 4051 +
    text.charCodeAt(at + 3) * 16_381) &
  0xffff;

function spanOf(
  text: string,
  at: number,
  { text: secret, wholeWord, inBase64 }: Pattern,
): [number, number] | undefined {
  let start = at;
  let end = at + secret.length;
  if (wholeWord && (isWordCharacter(text[start - 1]) || isWordCharacter(text[end]))) return undefined;
  if (inBase64) {
    while (isBase64Character(text[start - 1])) start--;
    while (isBase64Character(text[end])) end++;
  }
  return [start, end];
}

/** Text that is shown in place of a sensitive value. */
export const HIDDEN = '(sensitive)';

/** Returns a text in which each span is hidden. */
export function withoutSpans(text: string, spans: Spans): string {
  if (spans.length === 0) return text;
  let result = '';
  let at = 0;
  for (const [start, end] of spans) {
    result += text.slice(at, start) + HIDDEN;
    at = end;
  }
  return result + text.slice(at);
}

/** Merges overlapping and touching spans, so that two secrets that overlap leave no part of either. */
export function merged(spans: readonly (readonly [number, number])[]): Spans {
  const result: [number, number][] = [];
  for (const [start, end] of spans.toSorted((one, other) => one[0] - other[0])) {
    const last = result.at(-1);
    if (last && start <= last[1]) last[1] = Math.max(last[1], end);
    else result.push([start, end]);
  }
  return result;
}
