import type { SyntaxNode } from './syntax-node.ts';

const ESCAPE = /\\(?:u([\da-fA-F]{4})|U([\da-fA-F]{8})|([\s\S]?))|([$%])\4\{/g;
const SIMPLE: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\' };
const LAST_CODE_POINT = 0x10ffff;

const isSurrogate = (codePoint: number) => codePoint >= 0xd800 && codePoint <= 0xdfff;
const isCharacter = (codePoint: number) => codePoint <= LAST_CODE_POINT && !isSurrogate(codePoint);

/** Returns whether a text within quotes has an escape that HCL does not know. */
export function hasBadEscape(text: string): boolean {
  for (const [, short, long, letter] of text.matchAll(ESCAPE)) {
    const digits = short ?? long;
    if (digits !== undefined && !isCharacter(Number.parseInt(digits, 16))) return true;
    if (letter !== undefined && SIMPLE[letter] === undefined) return true;
  }
  return false;
}

/** Returns the plain text of a template's literal part, in which `$${` and `%%{` stand for `${` and `%{`. */
export const unescapeTemplate = (text: string): string => text.replace(/([$%])\1\{/g, '$1{');

/** Decodes text within quotes as the engine does: names and sources may contain escapes, too. */
export const decodeQuoted = (text: string): string =>
  text.replace(ESCAPE, (all, short?: string, long?: string, letter?: string, sign?: string) => {
    if (sign !== undefined) return `${sign}{`;
    const digits = short ?? long;
    if (digits === undefined) return (letter !== undefined && SIMPLE[letter]) || all;
    const codePoint = Number.parseInt(digits, 16);
    return isCharacter(codePoint) ? String.fromCodePoint(codePoint) : '';
  });

/** What Go calls blank. JavaScript's own `\s` differs in two characters. */
const BLANK = /[\t-\r \x85\xA0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000]/;

const isBlankAt = (text: string, at: number): boolean => BLANK.test(text.charAt(at));

/** Loops, because a pattern for blanks at the end would try each of many blanks in the middle. */
function countLeading(text: string): number {
  let count = 0;
  while (isBlankAt(text, count)) count++;
  return count;
}

function withoutTrailing(text: string): string {
  let end = text.length;
  while (end > 0 && isBlankAt(text, end - 1)) end--;
  return text.slice(0, end);
}

const withoutLeading = (text: string): string => text.slice(countLeading(text));

/** Removes the blanks around a text that Go calls blanks. */
export const trimBlanks = (text: string): string => withoutTrailing(withoutLeading(text));

/** A piece of a template: a text as the engine reads it, or a sequence that has to be evaluated. */
export type TemplatePart = string | SyntaxNode;

const SEQUENCES = new Set(['template_interpolation', 'template_directive']);
const isTrimming = (sequence: SyntaxNode, type: string) =>
  sequence.children.some((child) => child.type === type && child.text.includes('~'));

/**
 * Returns the pieces of a quoted text or a heredoc in their order. Escapes are decoded, indentation of `<<-` and blanks
 * beside `~` are removed.
 */
export function templateParts(template: SyntaxNode): TemplatePart[] {
  const isHeredoc = template.type === 'heredoc_template';
  const parts: { text: string | undefined; sequence: SyntaxNode | undefined }[] = [];
  for (const child of template.children) {
    const last = parts.at(-1);
    if (child.type === 'template_literal') {
      const text = isHeredoc ? unescapeTemplate(child.text) : decodeQuoted(child.text);
      const isTrimmed = last?.sequence !== undefined && isTrimming(last.sequence, 'template_sequence_end');
      parts.push({ text: isTrimmed ? withoutLeading(text) : text, sequence: undefined });
    } else if (SEQUENCES.has(child.type)) {
      if (last?.text !== undefined && isTrimming(child, `${child.type}_start`)) last.text = withoutTrailing(last.text);
      parts.push({ text: undefined, sequence: child });
    }
  }
  if (isHeredoc && template.child('heredoc_start')?.text.startsWith('<<-')) removeIndentation(parts);
  return melt(parts.flatMap(({ text, sequence }) => text ?? sequence ?? []));
}

/** Removes from each line of an indented heredoc as many blanks as the line with the fewest begins with. */
function removeIndentation(parts: { text: string | undefined }[]): void {
  const indented: { text: string }[] = [];
  let fewest = Number.POSITIVE_INFINITY;
  let isLineStart = true;
  for (const part of parts) {
    if (isLineStart) {
      isLineStart = false;
      if (part.text === undefined) fewest = 0;
      else if (trimBlanks(part.text) !== '' || !part.text.endsWith('\n')) {
        fewest = Math.min(fewest, countCharacters(part.text.slice(0, countLeading(part.text))));
        indented.push(Object.assign(part, { text: part.text }));
      }
    }
    if (part.text?.endsWith('\n')) isLineStart = true;
  }
  for (const part of indented) part.text = withoutCharacters(part.text, fewest);
}

/** The engine counts what people see as one character. This takes long, and matters only beyond ASCII. */
const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });
const BLANKS_OF_ASCII = /^[ \t]*$/;
const BLANKS_BEFORE_ASCII = /^[ \t]*(?:[!-~]|\r?\n|$)/;

const countCharacters = (blanks: string): number =>
  BLANKS_OF_ASCII.test(blanks) ? blanks.length : [...segmenter.segment(blanks)].length;

/** Removes as many characters from the beginning of a text. */
function withoutCharacters(text: string, count: number): string {
  if (BLANKS_BEFORE_ASCII.test(text)) return text.slice(count);
  const [first] = [...segmenter.segment(text)].slice(count);
  return first ? text.slice(first.index) : '';
}

/** Joins texts that follow each other. */
function melt(parts: readonly TemplatePart[]): TemplatePart[] {
  const joined: TemplatePart[] = [];
  for (const part of parts) {
    const last = joined.at(-1);
    if (typeof part === 'string' && typeof last === 'string') joined[joined.length - 1] = last + part;
    else joined.push(part);
  }
  return joined;
}
