import { parse } from '../../buildspecs/program/hcl/parse.ts';
import type { SyntaxNode } from '../../buildspecs/program/hcl/syntax-node.ts';
import { decodeQuoted } from '../../buildspecs/program/hcl/template-text.ts';
import { type Argument, type Literal, literalOf, type Unparsed, type WrittenCall } from './call-texts.ts';

const UNIT = /\\u[\da-fA-F]{4}|\\U[\da-fA-F]{8}|\\[\s\S]|\$\$\{|%%\{|[\s\S]/g;

/** Returns the module calls in a text in HCL's native syntax, in their order. */
export function callsInHcl(text: string): readonly WrittenCall[] | Unparsed {
  const { root, errorLine } = parse(text, (type) => type === 'module');
  if (errorLine !== undefined) return { errorLine };
  const blocks = root.child('body')?.children.filter((item) => item.type === 'block') ?? [];
  return blocks.filter((block) => block.children[0]?.text === 'module').map(readCall);
}

function readCall(block: SyntaxNode): WrittenCall {
  const [, label] = block.children;
  const body = block.child('body');
  const named = (name: string): Argument[] =>
    (body?.children ?? [])
      .filter((item) => item.type === 'attribute' && item.child('identifier')?.text === name)
      .map((item) => ({ line: item.line, literal: readLiteral(item.child('expression')) }));
  return { name: nameOf(label), line: block.line, source: named('source'), version: named('version') };
}

const nameOf = (label: SyntaxNode | undefined): string =>
  label?.type === 'string_lit' ? decodeQuoted(label.text.slice(1, -1)) : label?.type === 'identifier' ? label.text : '';

/** Returns the text of an expression that is nothing but a text in quotes. */
function readLiteral(expression: SyntaxNode | undefined): Literal | undefined {
  const [value, ...more] = expression?.children ?? [];
  const [text] = value?.type === 'literal_value' && more.length === 0 ? value.children : [];
  if (text?.type !== 'string_lit') return undefined;
  return literalOf(text.text.slice(1, -1), text.start + 1, UNIT, decodeQuoted);
}
