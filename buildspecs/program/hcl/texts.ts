import { numberText } from './number-text.ts';
import type { SyntaxNode } from './syntax-node.ts';
import { decodeQuoted, type TemplatePart, templateParts } from './template-text.ts';

const TEMPLATES = ['string_lit', 'quoted_template', 'heredoc_template'];

/**
 * Returns every text in an expression as the engine reads it, and every number as it prints it. Of a template with
 * sequences that have to be evaluated, these are the parts between them.
 */
export const textsIn = (expression: SyntaxNode): string[] =>
  expression.within(...TEMPLATES, 'numeric_lit').flatMap((node) => {
    if (node.type === 'numeric_lit') return tellingNumber(node.text);
    return [...joined(templateParts(node)), ...untrimmed(node)].filter((text) => text !== '');
  });

/**
 * Returns the texts of a template before `~` has removed blanks. Beside a `$` or `%` that begins no sequence, the engine
 * removes fewer than `templateParts`.
 */
const untrimmed = (template: SyntaxNode): string[] =>
  template.within('template_interpolation', 'template_directive').some(({ text }) => text.includes('~'))
    ? template.children.filter(({ type }) => type === 'template_literal').map(({ text }) => decodeQuoted(text))
    : [];

/** Numbers with fewer digits reveal nothing, and are in every message. */
const SHORTEST_NUMBER = 4;

/** Returns a number as the engine prints it, if it is long enough to reveal something. */
export function tellingNumber(written: string): string[] {
  const text = numberText(written) ?? written;
  return text.length >= SHORTEST_NUMBER ? [text] : [];
}

/** Returns the texts of a template, joined where what is between them is a plain text or number itself: `"a${1}"`. */
function joined(parts: readonly TemplatePart[]): string[] {
  const texts = [''];
  for (const part of parts) {
    const text = typeof part === 'string' ? part : constantIn(part);
    if (text === undefined) texts.push('');
    else texts.push((texts.pop() ?? '') + text);
  }
  return texts;
}

/** Returns what an interpolation of a plain text, number or boolean gives. */
function constantIn(sequence: SyntaxNode): string | undefined {
  const expression = sequence.type === 'template_interpolation' ? sequence.child('expression') : undefined;
  const number = expression && numberText(expression.text);
  if (number !== undefined) return number;
  const [value, ...more] = expression?.children ?? [];
  const [literal] = value?.type === 'literal_value' && more.length === 0 ? value.children : [];
  if (literal?.type === 'bool_lit') return literal.text;
  if (literal?.type !== 'string_lit') return undefined;
  return templateParts(literal)
    .filter((part) => typeof part === 'string')
    .join('');
}
