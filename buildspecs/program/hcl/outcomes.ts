import { numberText } from './number-text.ts';
import type { SyntaxNode } from './syntax-node.ts';
import { type TemplatePart, templateParts } from './template-text.ts';

/** Stands for what has to be evaluated. No text of HCL contains it. */
const UNKNOWN = '\0';

/** Texts with many conditions have more outcomes than anybody needs. */
const MOST = 64;

const few = (texts: readonly string[]): readonly string[] => [...new Set(texts)].slice(0, MOST);

/** The texts that may stand before a condition or loop, and at the end of its first branch. */
interface Branching {
  readonly before: readonly string[];
  /** Undefined without `else`. */
  first?: readonly string[];
}

/**
 * Returns the pieces of the texts that a template may give: between sequences that have to be evaluated, with plain
 * values in their places, with and without the text in `%{if}`. Of a loop, these are no pass and one.
 */
export const outcomesOf = (template: SyntaxNode): string[] =>
  outcomes(templateParts(template)).flatMap((text) => text.split(UNKNOWN));

function outcomes(parts: readonly TemplatePart[]): readonly string[] {
  let texts: readonly string[] = [''];
  const open: Branching[] = [];
  for (const part of parts) {
    const word = typeof part === 'string' ? undefined : part.child('directive_keyword')?.text;
    const around = open.at(-1);
    if (word === 'if' || word === 'for') open.push({ before: texts });
    else if (word === 'else' && around) {
      around.first = texts;
      texts = around.before;
    } else if (word !== undefined && around) {
      open.pop();
      texts = few([...texts, ...(around.first ?? around.before)]);
    } else {
      const found = typeof part === 'string' ? [part] : (constantsIn(part.child('expression')) ?? [UNKNOWN]);
      texts = few(texts.flatMap((text) => found.map((more) => text + more)));
    }
  }
  return texts;
}

/** Returns the texts that an expression gives, if it is a plain value, or a choice between plain values. */
function constantsIn(expression: SyntaxNode | undefined): readonly string[] | undefined {
  const number = expression && numberText(expression.text);
  if (number !== undefined) return [number];
  const [value, ...more] = expression?.children ?? [];
  if (!value || more.length > 0) return undefined;
  const [inner, ...others] = value.children;
  if (value.type === 'parentheses') return constantsIn(inner);
  if (value.type === 'conditional') {
    const branches = others.map(constantsIn);
    return branches.includes(undefined) ? undefined : few(branches.flatMap((texts) => texts ?? []));
  }
  if (inner?.type === 'bool_lit') return [inner.text];
  if (value.type !== 'template_expr' && inner?.type !== 'string_lit') return undefined;
  const texts = inner ? outcomes(templateParts(inner)) : [];
  return texts.some((text) => text.includes(UNKNOWN)) ? undefined : texts;
}
