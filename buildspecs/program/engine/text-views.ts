/** A text in another shape. It knows where each of its characters comes from in the original. */
export interface TextView {
  readonly text: string;
  startOf(at: number): number;
  endOf(at: number): number;
}

const itself = (text: string): TextView => ({ text, startOf: (at) => at, endOf: (at) => at + 1 });

/**
 * Returns a text in which each match of the pattern is replaced. Only the places of the replacements are kept, and not
 * those of all characters: texts may be large.
 */
function replaced(original: TextView, pattern: RegExp, replace: (found: string) => string): TextView {
  const found = [...original.text.matchAll(pattern)];
  if (found.length === 0) return original;
  const parts: string[] = [];
  /** Where each replacement begins and ends here, and what it replaces begins and ends in the original. */
  const places: (readonly [start: number, end: number, from: number, to: number])[] = [];
  let length = 0;
  let from = 0;
  for (const { 0: match, index } of found) {
    const replacement = replace(match);
    const start = length + index - from;
    parts.push(original.text.slice(from, index), replacement);
    length = start + replacement.length;
    from = index + match.length;
    places.push([start, length, index, from]);
  }
  parts.push(original.text.slice(from));
  const placeOf = (at: number) => {
    const [start, end, first, to] = places[lastBefore(places, at)] ?? [0, 0, 0, 0];
    return at < end && at >= start ? { first, last: to - 1 } : { first: to + at - end, last: to + at - end };
  };
  return {
    text: parts.join(''),
    startOf: (at) => original.startOf(placeOf(at).first),
    endOf: (at) => original.endOf(placeOf(at).last),
  };
}

/** Returns the index of the last place that begins at a character or before it, or -1. */
function lastBefore(places: readonly (readonly [number, ...unknown[]])[], at: number): number {
  let low = -1;
  let high = places.length;
  while (low + 1 < high) {
    const middle = (low + high) >> 1;
    if ((places[middle]?.[0] ?? 0) <= at) low = middle;
    else high = middle;
  }
  return low;
}

/** A line break, as it is or escaped, with what messages put around it: indentation, frames, marks of differences. */
const BREAK = String.raw`(?:(?:\r?\n|\\r\\n|\\n)[ \t│╷╵|+~>#*-]*)+`;
/** Everything that may stand around a line break, wherever it stands. */
const MARGINS = /[\s│╷╵|+~>#*-]+|\\[rn]/g;
const BREAKS = new RegExp(BREAK, 'g');
const BREAKS_AND_BLANKS = new RegExp(`${BREAK}|\\s{2,}|[^\\S ]`, 'g');
const SEVERAL_BLANKS = / {2,}/g;

/** Escapes of Go, JSON and HCL. */
const ESCAPES = /\\(?:u[\da-fA-F]{4}|U[\da-fA-F]{8}|x[\da-fA-F]{2}|[abfnrtv"'/\\])|\$\$\{|%%\{/g;
const LETTERS: Readonly<Record<string, string>> = {
  ...{ a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' },
};
const LAST_CODE_POINT = 0x10ffff;

function unescaped(found: string): string {
  if (!found.startsWith('\\')) return found.slice(1);
  const letter = found.charAt(1);
  if (found.length === 2) return LETTERS[letter] ?? letter;
  const code = Number.parseInt(found.slice(2), 16);
  return code <= LAST_CODE_POINT ? String.fromCodePoint(code) : '';
}

const PERCENT = /(?:%[\da-fA-F]{2})+|\+/g;
const unescapedPercent = (found: string): string =>
  found === '+' ? ' ' : Buffer.from(found.replaceAll('%', ''), 'hex').toString('utf8');

const ENTITIES = /&(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[\da-fA-F]{1,6});/g;
const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescapedEntity(found: string): string {
  const name = found.slice(1, -1);
  const code = name.startsWith('#x') ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
  return NAMED[name] ?? (code <= LAST_CODE_POINT ? String.fromCodePoint(code) : '');
}

const nothing = () => '';
const blank = () => ' ';

/** Returns the shapes of a text in which a secret may stand as it is, though the text has it escaped or in lines. */
export function viewsOf(text: string): {
  readonly decoded: ReadonlySet<TextView>;
  readonly spaced: TextView;
  /** The text in one piece, or undefined if it has only one line. */
  readonly squeezed: TextView | undefined;
} {
  const whole = itself(text);
  const joined = replaced(whole, BREAKS, nothing);
  const once = replaced(whole, ESCAPES, unescaped);
  return {
    // What changes nothing gives the same view again.
    decoded: new Set([
      ...[whole, joined, once, replaced(once, BREAKS, nothing), replaced(once, ESCAPES, unescaped)],
      ...[replaced(whole, PERCENT, unescapedPercent), replaced(whole, ENTITIES, unescapedEntity)],
    ]),
    spaced: replaced(replaced(whole, BREAKS_AND_BLANKS, blank), SEVERAL_BLANKS, blank),
    squeezed: joined === whole ? undefined : replaced(whole, MARGINS, nothing),
  };
}

/** Returns a text without everything that may stand around a line break in a message. */
export const squeeze = (text: string): string => text.replace(MARGINS, '');
