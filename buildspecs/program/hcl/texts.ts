import { numberText } from './number-text.ts';
import { outcomesOf } from './outcomes.ts';
import type { SyntaxNode } from './syntax-node.ts';
import { decodeQuoted } from './template-text.ts';

const TEMPLATES = ['string_lit', 'quoted_template', 'heredoc_template'];

/**
 * Returns every text that may be in the value of an expression as the engine reads it, and every number as it prints it.
 * Of a template with sequences that have to be evaluated, these are the parts between them.
 */
export const textsIn = (expression: SyntaxNode): string[] =>
  expression.within(...TEMPLATES, 'numeric_lit').flatMap((node) => {
    if (isAside(node, expression)) return [];
    if (node.type === 'numeric_lit') return tellingNumber(node.text);
    return [...new Set([...outcomesOf(node), ...untrimmed(node)])].filter((text) => text !== '');
  });

/** Returns whether a part of an expression only helps to find its value: a key, a condition, the path of a file. */
function isAside(part: SyntaxNode, expression: SyntaxNode): boolean {
  for (let node = part; node !== expression && node.parent; node = node.parent) {
    if (node.type === 'index' || node.type === 'for_cond' || isComparison(node)) return true;
    if (node.parent.type === 'conditional' && node.parent.children[0] === node) return true;
    if (node.parent.type === 'function_arguments' && isKeyOrPath(node, node.parent)) return true;
  }
  return false;
}

const COMPARING = /[=!<>]=?|&&|\|\|/;

/** Returns whether an operation has one of the operators that give true or false. */
const isComparison = (node: SyntaxNode): boolean =>
  node.type === 'binary_operation' &&
  node.children.some((child, at) => {
    const { start } = node.children[at + 1] ?? { start: child.end };
    return COMPARING.test(node.text.slice(child.end - node.start, start - node.start));
  });

const OF_FILE = /^(?:file\w*|templatefile)$/;

function isKeyOrPath(argument: SyntaxNode, given: SyntaxNode): boolean {
  const name = given.parent?.child('identifier')?.text.split('::').at(-1)?.trim() ?? '';
  return OF_FILE.test(name) ? argument === given.children[0] : name === 'lookup' && argument === given.children[1];
}

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
