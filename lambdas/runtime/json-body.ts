import { InvalidInputError } from '../domain/errors.ts';

/** What the reader of a JSON text expects next. */
type Expected = 'value' | 'value or ]' | 'key' | 'key or }' | ':' | ', or ]' | ', or }' | 'end';

const SPACE = /[ \t\n\r]*/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids exactly these inside a text
const TEXT = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
/** A bracket, or a text with everything in it. A text without an end is taken to the end. */
const BRACKET_OR_TEXT = /[[\]{}]|"(?:[^"\\]|\\.)*(?:"|$)/gs;
const PLAIN = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

/** How deep lists and objects of a body may stand in each other. Every valid request of this API is much flatter. */
const MOST_DEPTH = 100;

/**
 * Parses a request's JSON body. Throws InvalidInputError with the line and column of the first mistake, or if it is
 * nested so deeply that reading it could overflow the stack.
 */
export function parseJsonBody(text: string): unknown {
  if (isTooDeep(text))
    throw new InvalidInputError('request body', [
      { field: 'body', message: `nested more than ${MOST_DEPTH} deep`, value: `${text.length} characters` },
    ]);
  try {
    return JSON.parse(text);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    const { offset, expected } = firstMistake(text);
    const before = text.slice(0, offset).split('\n');
    const where = `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
    const seen = offset < text.length ? JSON.stringify(text.slice(offset, offset + 20)) : 'the end of the text';
    throw new InvalidInputError(
      'request body',
      [{ field: 'body', message: `not JSON: expected ${expected} at ${where}`, value: seen }],
      { cause },
    );
  }
}

/** Returns whether a JSON text is nested too deeply. Of what is no JSON, nothing is said. */
export function isTooDeep(text: string): boolean {
  let depth = 0;
  for (const [token] of text.matchAll(BRACKET_OR_TEXT)) {
    if (token === '{' || token === '[') depth += 1;
    else if (token === '}' || token === ']') depth -= 1;
    if (depth > MOST_DEPTH) return true;
  }
  return false;
}

/**
 * Finds the first mistake in a JSON text, because JSON.parse gives no position for most mistakes. It works without
 * recursion, so that deep nesting cannot overflow the stack.
 */
function firstMistake(text: string): { offset: number; expected: Expected } {
  const open: ('{' | '[')[] = [];
  const afterValue = (): Expected => (open.length === 0 ? 'end' : open.at(-1) === '[' ? ', or ]' : ', or }');
  let expected: Expected = 'value';
  let offset = 0;
  const skip = (pattern: RegExp): boolean => {
    pattern.lastIndex = offset;
    const isThere = pattern.test(text);
    if (isThere) offset = pattern.lastIndex;
    return isThere;
  };
  for (;;) {
    skip(SPACE);
    const next = text[offset];
    if (expected === 'value' || expected === 'value or ]') {
      if (next === '{' || next === '[') {
        open.push(next);
        expected = next === '{' ? 'key or }' : 'value or ]';
      } else if (next === ']' && expected === 'value or ]') {
        open.pop();
        expected = afterValue();
      } else if (skip(TEXT) || skip(PLAIN)) {
        expected = afterValue();
        continue;
      } else return { offset, expected };
    } else if ((expected === 'key' || expected === 'key or }') && skip(TEXT)) {
      expected = ':';
      continue;
    } else if (expected === ':' && next === ':') expected = 'value';
    else if (expected === ', or ]' && next === ',') expected = 'value';
    else if (expected === ', or }' && next === ',') expected = 'key';
    else if (
      (next === ']' && expected === ', or ]') ||
      (next === '}' && (expected === ', or }' || expected === 'key or }'))
    ) {
      open.pop();
      expected = afterValue();
    } else return { offset, expected };
    offset += 1;
  }
}
