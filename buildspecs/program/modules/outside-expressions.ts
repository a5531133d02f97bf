import { parse } from '../hcl/parse.ts';
import type { SyntaxNode } from '../hcl/syntax-node.ts';

/** Functions that read files, or find the user's own. The first argument of each is a path. */
export const READING = new Set([
  ...['file', 'fileexists', 'fileset', 'pathexpand', 'templatefile'],
  ...['filebase64', 'filebase64sha256', 'filebase64sha512', 'filemd5', 'filesha1', 'filesha256', 'filesha512'],
]);
/** What follows `path.` in paths that lead elsewhere. */
const ELSEWHERE = new Set(['root', 'cwd']);
/** `..` as a part of a path. */
export const UPWARDS = /(?:^|[/\\])\.\.(?:[/\\]|$)/;
/** A name that begins with a dot, as a part of a path. Such names are no part of an identity. */
export const HIDDEN = /(?:^|[/\\])\.[^./\\]/;
const FROM_ABOVE = /^"[/~][^"]/;
/** A path whose beginning is in a variable, alone or in a template. The caller of the module chooses the file then. */
const CHOSEN_BY_CALLER = /^(?:"\$\{\s*)?var\b/;

/**
 * Returns whether a configuration in HCL has an expression that reads files which the identity of its module does not
 * cover, as far as its text shows: a path from `path.root` or `path.cwd`, a path upwards from `path.module`, or a path
 * that a function reads and that begins with a text of its own or with a variable, or has a hidden name. The engine takes
 * a text as a path from the directory that is planned. What cannot be parsed counts as such an expression.
 */
export function readsOutsideInHcl(text: string): boolean {
  const { root } = parse(text);
  const upwards = new Set(
    root
      .within('template_literal')
      .filter((literal) => UPWARDS.test(literal.text))
      .map(wholeValue),
  );
  return (
    root.hasError ||
    root.within('variable_expr').some((variable) => leadsElsewhere(variable, upwards)) ||
    root.within('function_call').some(readsElsewhere)
  );
}

/** `upwards`: the values with a text that goes upwards. */
function leadsElsewhere(variable: SyntaxNode, upwards: ReadonlySet<SyntaxNode>): boolean {
  const attribute = variable.nextSibling;
  if (variable.text !== 'path' || attribute?.type !== 'get_attr') return false;
  const name = attribute.children[0]?.text ?? '';
  return ELSEWHERE.has(name) || (name === 'module' && upwards.has(wholeValue(variable)));
}

const ENDS_OF_VALUES = new Set(['attribute', 'object_elem', 'block', 'body']);

/** Returns the whole value in which an expression is: that of an argument or of an element of an object. */
function wholeValue(node: SyntaxNode): SyntaxNode {
  let value = node;
  while (value.parent && !ENDS_OF_VALUES.has(value.parent.type)) value = value.parent;
  return value;
}

const hasText = (value: SyntaxNode, pattern: RegExp): boolean =>
  value.within('template_literal').some(({ text }) => pattern.test(text));

function readsElsewhere(call: SyntaxNode): boolean {
  const [name, given] = call.children;
  if (!given || !READING.has(name?.text.replace(/^core\s*::\s*/, '') ?? '')) return false;
  const [path] = given.within('expression');
  if (!path) return false;
  return (
    beginsWithText(path) ||
    CHOSEN_BY_CALLER.test(path.text) ||
    hasText(path, UPWARDS) ||
    hasText(path, HIDDEN) ||
    path.within('string_lit').some(({ text }) => FROM_ABOVE.test(text))
  );
}

/** Returns whether a path is a text, or a template that begins with one: `"/etc/hosts"`, `"files/${…}"`. */
function beginsWithText(path: SyntaxNode): boolean {
  const [value] = path.children;
  if (value?.type === 'literal_value') return true;
  if (value?.type !== 'template_expr') return false;
  return value.within('template_literal', 'template_interpolation').at(0)?.type === 'template_literal';
}
