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
  readSyntaxTree(text, (root) => {
    // Nearly no configuration has such a text, and the values around `path.module` are looked at only because of it.
    const isUpwards = hasText(root, UPWARDS);
    return (
      root.hasError ||
      within(root, 'variable_expr').some((variable) => leadsElsewhere(variable, isUpwards)) ||
      within(root, 'function_call').some(readsElsewhere)
    );
  });

function leadsElsewhere(variable: Node, isUpwards: boolean): boolean {
  const attribute = variable.nextNamedSibling;
  if (variable.text !== 'path' || attribute?.type !== 'get_attr') return false;
  const name = attribute.firstNamedChild?.text ?? '';
  return ELSEWHERE.has(name) || (isUpwards && name === 'module' && isBesideUpwards(variable));
}

const ENDS_OF_VALUES = new Set(['attribute', 'object_elem', 'block', 'body']);

/** Levels of a syntax tree that are climbed. No expression that people write has as many; climbing takes their square. */
const MOST_LEVELS = 500;

/**
 * Returns whether the whole value in which an expression is, that of an argument or of an element of an object, has a
 * text that goes upwards. Of an expression that is nested too deeply this cannot be said, so it counts as one.
 */
function isBesideUpwards(node: Node): boolean {
  let value = node;
  for (let level = 0; level < MOST_LEVELS; level++) {
    if (!value.parent || ENDS_OF_VALUES.has(value.parent.type)) return hasText(value, UPWARDS);
    value = value.parent;
  }
  return true;
}

const hasText = (value: Node, pattern: RegExp): boolean =>
  within(value, 'template_literal').some(({ text }) => pattern.test(text));

function readsElsewhere(call: Node): boolean {
  const [name, given] = childrenOf(call);
  if (!given || !READING.has(name?.text.replace(/^core::/, '') ?? '')) return false;
  const [path] = within(given, 'expression');
  if (!path) return false;
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
