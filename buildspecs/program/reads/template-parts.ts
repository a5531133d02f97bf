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

/** Most pieces of one text, and characters of texts that are joined: a local value may stand in another many times. */
const MOST_PARTS = 1000;
const MOST_JOINED = 100_000;

/** The local values of a module. Each is put together once. */
export class Locals {
  private readonly values: ReadonlyMap<string, readonly Part[]>;
  private readonly known = new Map<string, readonly Part[]>();

  constructor(values: ReadonlyMap<string, readonly Part[]>) {
    this.values = values;
  }

  /** Puts the local values in a text in their places. Texts beside each other become one. */
  placedIn(parts: readonly Part[]): readonly Part[] {
    const all = joined(parts.flatMap((part) => ('local' in part ? this.partsOfLocal(part.local) : part)));
    return all.length > MOST_PARTS ? [UNKNOWN] : all;
  }

  private partsOfLocal(name: string): readonly Part[] {
    const known = this.known.get(name);
    if (known) return known;
    // While it is put together it is unknown: values may name each other in a circle, by mistake.
    this.known.set(name, [UNKNOWN]);
    const value = this.placedIn(this.values.get(name) ?? [UNKNOWN]);
    this.known.set(name, value);
    return value;
  }
}

function joined(parts: readonly Part[]): Part[] {
  const found: Part[] = [];
  for (const part of parts) {
    const before = found.at(-1);
    if (!before || !('text' in before) || !('text' in part)) found.push(part);
    else if (before.text.length + part.text.length > MOST_JOINED) return [UNKNOWN];
    else found.splice(-1, 1, { text: before.text + part.text });
  }
  return found;
}
