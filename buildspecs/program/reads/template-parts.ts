import type { SyntaxNode } from '../hcl/syntax-node.ts';
import { templateParts } from '../hcl/template-text.ts';

/**
 * A piece of a text: known, a directory that the engine fills in, a local value of the module, or something that only
 * the engine knows.
 */
export type Part =
  | { readonly text: string }
  | { readonly from: 'module' | 'root' }
  | { readonly local: string }
  | { readonly isUnknown: true };

const UNKNOWN: Part = { isUnknown: true };

/** `path.root` and `path.cwd` are both the directory that is planned. */
const DIRECTORIES: ReadonlyMap<string, Part> = new Map([
  ['path.module', { from: 'module' }],
  ['path.root', { from: 'root' }],
  ['path.cwd', { from: 'root' }],
]);

/** Returns the pieces of the text that an expression is. What is no text is one unknown piece. */
export function partsOf(node: SyntaxNode): Part[] {
  const [first, second, ...more] = node.children;
  switch (node.type) {
    case 'string_lit':
    case 'quoted_template':
    case 'heredoc_template':
      return templateParts(node).flatMap((part) => (typeof part === 'string' ? { text: part } : valueIn(part)));
    case 'literal_value':
    case 'template_expr':
      return first ? partsOf(first) : [UNKNOWN];
    case 'expression':
      if (first && !second) return partsOf(first);
      if (first?.type !== 'variable_expr' || second?.type !== 'get_attr' || more.length > 0) return [UNKNOWN];
      return [namedValue(first.text, second.children[0]?.text ?? '')];
    default:
      return [UNKNOWN];
  }
}

function valueIn(sequence: SyntaxNode): Part[] {
  const value = sequence.type === 'template_interpolation' ? sequence.child('expression') : undefined;
  return value ? partsOf(value) : [UNKNOWN];
}

const namedValue = (variable: string, name: string): Part =>
  variable === 'local' ? { local: name } : (DIRECTORIES.get(`${variable}.${name}`) ?? UNKNOWN);

/** Local values may name each other, by mistake in a circle, and each may stand in another several times. */
const MOST_DEEP = 8;
const MOST_PARTS = 1000;

/** Puts the local values of a module in their places. Texts beside each other become one. */
export const withLocals = (parts: readonly Part[], locals: ReadonlyMap<string, readonly Part[]>): Part[] =>
  joined(placed(parts, locals, 0));

function placed(parts: readonly Part[], locals: ReadonlyMap<string, readonly Part[]>, depth: number): Part[] {
  const all = parts.flatMap((part): Part[] => {
    if (!('local' in part)) return [part];
    const value = depth < MOST_DEEP ? locals.get(part.local) : undefined;
    return value ? placed(value, locals, depth + 1) : [UNKNOWN];
  });
  return all.length > MOST_PARTS ? [UNKNOWN] : all;
}

function joined(parts: readonly Part[]): Part[] {
  const found: Part[] = [];
  for (const part of parts) {
    const before = found.at(-1);
    if (before && 'text' in before && 'text' in part) found.splice(-1, 1, { text: before.text + part.text });
    else found.push(part);
  }
  return found;
}
