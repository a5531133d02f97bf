import type { Node } from 'web-tree-sitter';
import { readSyntaxTree } from '../configuration/hcl.ts';

/** Functions that read files, or find the user's own. The first argument of each is a path. */
const READING = new Set([
  ...['file', 'fileexists', 'fileset', 'pathexpand', 'templatefile'],
  ...['filebase64', 'filebase64sha256', 'filebase64sha512', 'filemd5', 'filesha1', 'filesha256', 'filesha512'],
]);
/** What follows `path.` in paths that lead elsewhere. */
const ELSEWHERE = new Set(['root', 'cwd']);
/** `..` as a part of a path. */
const UPWARDS = /(?:^|[/\\])\.\.(?:[/\\]|$)/;
/** A name that begins with a dot, as a part of a path. Such names are no part of an identity. */
export const HIDDEN = /(?:^|[/\\])\.[^./\\]/;
const FROM_ABOVE = /^"[/~][^"]/;
/** A path whose beginning is in a variable, alone or in a template. The caller of the module chooses the file then. */
const CHOSEN_BY_CALLER = /^(?:"\$\{\s*)?var\b/;

const isNode = (node: Node | null): node is Node => node !== null;
const childrenOf = (node: Node) => node.namedChildren.filter(isNode);
const within = (node: Node, ...types: string[]) => node.descendantsOfType(types).filter(isNode);

/**
 * Returns whether a configuration in HCL has an expression that reads files which the identity of its module does not
 * cover, as far as its text shows: a path from `path.root` or `path.cwd`, a path upwards from `path.module`, or a path
 * that a function reads and that begins with a text of its own or with a variable, or has a hidden name. The engine takes
 * a text as a path from the directory that is planned. What cannot be parsed counts as such an expression.
 */
export const readsOutsideInHcl = (text: string): Promise<boolean> =>
  readSyntaxTree(
    text,
    (root) =>
      root.hasError ||
      within(root, 'variable_expr').some(leadsElsewhere) ||
      within(root, 'function_call').some(readsElsewhere),
  );

function leadsElsewhere(variable: Node): boolean {
  const attribute = variable.nextNamedSibling;
  if (variable.text !== 'path' || attribute?.type !== 'get_attr') return false;
  const name = attribute.firstNamedChild?.text ?? '';
  return ELSEWHERE.has(name) || (name === 'module' && hasText(valueAround(variable), UPWARDS));
}

const ENDS_OF_VALUES = new Set(['attribute', 'object_elem', 'block', 'body']);

/** Returns the whole value in which an expression is: that of an argument or of an element of an object. */
function valueAround(node: Node): Node {
  let value = node;
  while (value.parent && !ENDS_OF_VALUES.has(value.parent.type)) value = value.parent;
  return value;
}

const hasText = (value: Node, pattern: RegExp): boolean =>
  within(value, 'template_literal').some(({ text }) => pattern.test(text));

function readsElsewhere(call: Node): boolean {
  const [name, given] = childrenOf(call);
  const [path] = given ? within(given, 'expression') : [];
  if (!path || !READING.has(name?.text.replace(/^core::/, '') ?? '')) return false;
  return (
    beginsWithText(path) ||
    CHOSEN_BY_CALLER.test(path.text) ||
    hasText(path, UPWARDS) ||
    hasText(path, HIDDEN) ||
    within(path, 'string_lit').some(({ text }) => FROM_ABOVE.test(text))
  );
}

/** Returns whether a path is a text, or a template that begins with one: `"/etc/hosts"`, `"files/${…}"`. */
function beginsWithText(path: Node): boolean {
  const [value] = childrenOf(path);
  if (value?.type === 'literal_value') return true;
  if (value?.type !== 'template_expr') return false;
  return within(value, 'template_literal', 'template_interpolation').at(0)?.type === 'template_literal';
}
