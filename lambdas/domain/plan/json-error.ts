/** What may come next in a JSON text. */
type Expected = 'value' | 'value or ]' | 'key' | 'key or }' | ':' | ', or end' | 'nothing';

const LITERAL = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.+-])/y;
const SPACE = /[ \t\r\n]*/y;

/**
 * Result when the grammar is correct: the error is then an escape or control character that JSON does not allow in a
 * string.
 */
export const INSIDE_A_STRING = -1;

/**
 * Returns the offset at which a text stops being JSON, or the length of the text when it only ends too early. The
 * messages of `JSON.parse` give the place only sometimes, and they quote the text, which may be secret.
 */
export function offsetOfJsonError(text: string): number {
  const open: string[] = [];
  let expected: Expected = 'value';
  let at = 0;
  const afterValue = (): Expected => (open.length === 0 ? 'nothing' : ', or end');
  for (;;) {
    SPACE.lastIndex = at;
    SPACE.exec(text);
    at = SPACE.lastIndex;
    const char = text[at];
    if (char === undefined) return expected === 'nothing' ? INSIDE_A_STRING : text.length;
    const closing = open.at(-1) === '{' ? '}' : ']';
    const mayClose =
      expected === ', or end' ||
      (expected === 'value or ]' && closing === ']') ||
      (expected === 'key or }' && closing === '}');
    if (char === closing && mayClose && open.length > 0) {
      open.pop();
      expected = afterValue();
      at++;
    } else if (char === ',' && expected === ', or end') {
      expected = closing === '}' ? 'key' : 'value';
      at++;
    } else if (char === ':' && expected === ':') {
      expected = 'value';
      at++;
    } else if (expected === 'key' || expected === 'key or }') {
      const end = char === '"' ? endOfString(text, at) : -1;
      if (end === -1) return char === '"' ? text.length : at;
      expected = ':';
      at = end;
    } else if (expected === 'value' || expected === 'value or ]') {
      if (char === '{' || char === '[') {
        open.push(char);
        expected = char === '{' ? 'key or }' : 'value or ]';
        at++;
        continue;
      }
      const end = char === '"' ? endOfString(text, at) : endOfLiteral(text, at);
      if (end === -1) return isCutLiteral(text, at) ? text.length : at;
      expected = afterValue();
      at = end;
    } else return at;
  }
}

/** Returns the offset after the closing quote, or -1 when there is none. */
function endOfString(text: string, from: number): number {
  for (let at = text.indexOf('"', from + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let backslashes = 0;
    while (text[at - 1 - backslashes] === '\\') backslashes++;
    if (backslashes % 2 === 0) return at + 1;
  }
  return -1;
}

function endOfLiteral(text: string, from: number): number {
  LITERAL.lastIndex = from;
  return LITERAL.test(text) ? LITERAL.lastIndex : -1;
}

/**
 * Returns whether an unclosed string begins here, or the first characters of a word such as `true` or of a number at
 * the very end.
 */
const isCutLiteral = (text: string, at: number): boolean =>
  text[at] === '"' ||
  (text.length - at < 'false'.length && /^(?:t|tr|tru|f|fa|fal|fals|n|nu|nul|-|[\d.eE+-]+)$/.test(text.slice(at)));
