/** A text in another shape. For each of its characters it has the place in the original. */
export interface TextView {
  readonly text: string;
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

/** Returns a text in which each match of the pattern is replaced. */
function replaced(original: TextView, pattern: RegExp, replace: (found: string) => string): TextView {
  let text = '';
  const starts: number[] = [];
  const ends: number[] = [];
  let from = 0;
  const copy = (end: number) => {
    text += original.text.slice(from, end);
    for (let at = from; at < end; at++) {
      starts.push(original.starts[at] ?? 0);
      ends.push(original.ends[at] ?? 0);
    }
  };
  for (const { 0: found, index } of original.text.matchAll(pattern)) {
    copy(index);
    const replacement = replace(found);
    text += replacement;
    from = index + found.length;
    for (let at = 0; at < replacement.length; at++) {
      starts.push(original.starts[index] ?? 0);
      ends.push(original.ends[from - 1] ?? 0);
    }
  }
  copy(original.text.length);
  return { text, starts, ends };
}

const itself = (text: string): TextView => ({
  text,
  starts: Array.from({ length: text.length }, (_, at) => at),
  ends: Array.from({ length: text.length }, (_, at) => at + 1),
});

/** A line break, as it is or escaped, with what messages put around it: indentation, frames, marks of differences. */
const BREAK = String.raw`(?:(?:\r?\n|\\r\\n|\\n)[ \t│╷╵|+~>#*-]*)+`;
/** Everything that may stand around a line break, wherever it stands. */
const MARGINS = /[\s│╷╵|+~>#*-]+|\\[rn]/g;
const BREAKS = new RegExp(BREAK, 'g');
const BREAKS_AND_BLANKS = new RegExp(`${BREAK}|\\s+`, 'g');
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

/** Returns the shapes of a text in which a secret may stand as it is, though the text has it escaped or in lines. */
export function viewsOf(text: string): {
  readonly decoded: readonly TextView[];
  readonly spaced: TextView;
  /** The text in one piece, or undefined if it has only one line. */
  readonly squeezed: TextView | undefined;
} {
  const whole = itself(text);
  const decoded = [whole, replaced(whole, BREAKS, () => '')];
  const once = replaced(whole, ESCAPES, unescaped);
  if (once.text !== text)
    decoded.push(
      once,
      replaced(once, BREAKS, () => ''),
      replaced(once, ESCAPES, unescaped),
    );
  const others = [replaced(whole, PERCENT, unescapedPercent), replaced(whole, ENTITIES, unescapedEntity)];
  decoded.push(...others.filter((view) => view.text !== text));
  return {
    decoded,
    spaced: replaced(
      replaced(whole, BREAKS_AND_BLANKS, () => ' '),
      SEVERAL_BLANKS,
      () => ' ',
    ),
    squeezed: decoded[1]?.text === text ? undefined : replaced(whole, MARGINS, () => ''),
  };
}

/** Returns a text without everything that may stand around a line break in a message. */
export const squeeze = (text: string): string => text.replace(MARGINS, '');
