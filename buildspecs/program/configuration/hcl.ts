import { parse } from '../hcl/parse.ts';
import type { SyntaxNode } from '../hcl/syntax-node.ts';
import { decodeQuoted, templateParts } from '../hcl/template-text.ts';
import { textsIn } from '../hcl/texts.ts';

export interface HclAttribute {
  readonly name: string;
  /** Line in the file, counted from 1. */
  readonly line: number;
  /** The value, if it is a literal: a string without interpolation, a number or a boolean. */
  readonly literal: string | boolean | number | undefined;
  /** The elements of a plain list; an element that is no literal is undefined. Undefined for any other value. */
  readonly elements: readonly HclAttribute['literal'][] | undefined;
  /** The text with which the value begins in any case: a whole plain string, or a template up to its first `${`. */
  readonly leadingText: string | undefined;
  /** Every piece of text in the value, at any depth, as the engine reads it. */
  readonly texts: readonly string[];
  /** The value as it is written in the file. */
  readonly expression: string;
}

export interface HclBlock {
  readonly type: string;
  readonly labels: readonly string[];
  /** Line in the file, counted from 1. */
  readonly line: number;
  readonly attributes: readonly HclAttribute[];
  readonly blocks: readonly HclBlock[];
}

/** The contents of a file in HCL or in its JSON form. */
export interface HclFile extends Pick<HclBlock, 'attributes' | 'blocks'> {
  /** Line of the first text that cannot be parsed. What follows it is not known. */
  readonly errorLine: number | undefined;
  /** Line of the first text that cannot be parsed, but lies in a block that is not wanted. All else is known. */
  readonly oddLine?: number | undefined;
}

/** Returns the text of a quoted string without templates. */
const readStringLiteral = (node: SyntaxNode): string => decodeQuoted(node.child('template_literal')?.text ?? '');

/** Returns the only part of an expression, or undefined if it has more, as `a.b` has. */
const onlyPart = (expression: SyntaxNode | undefined): SyntaxNode | undefined =>
  expression?.children.length === 1 ? expression.children[0] : undefined;

function readLiteral(expression: SyntaxNode | undefined): HclAttribute['literal'] {
  const value = onlyPart(expression);
  const [literal] = value?.type === 'literal_value' ? value.children : [];
  if (literal?.type === 'string_lit') return readStringLiteral(literal);
  if (literal?.type === 'bool_lit') return literal.text === 'true';
  if (literal?.type === 'numeric_lit') return Number(literal.text);
  return undefined;
}

function readElements(expression: SyntaxNode | undefined): HclAttribute['elements'] {
  const value = onlyPart(expression);
  const [tuple] = value?.type === 'collection_value' ? value.children : [];
  return tuple?.type === 'tuple' ? tuple.children.map(readLiteral) : undefined;
}

function readLeadingText(expression: SyntaxNode | undefined): string | undefined {
  const literal = readLiteral(expression);
  if (literal !== undefined) return typeof literal === 'string' ? literal : undefined;
  const value = onlyPart(expression);
  const [template] = value?.type === 'template_expr' ? value.children : [];
  const [first] = template ? templateParts(template) : [];
  return typeof first === 'string' ? first : undefined;
}

type IsWanted = (blockType: string) => boolean;

function readBody(
  body: SyntaxNode | undefined,
  isWanted: IsWanted = () => true,
): Pick<HclBlock, 'attributes' | 'blocks'> {
  const items = body?.children ?? [];
  return {
    attributes: items.filter(({ type }) => type === 'attribute').map(readAttribute),
    blocks: items.filter((item) => item.type === 'block' && isWanted(item.children[0]?.text ?? '')).map(readBlock),
  };
}

function readAttribute(attribute: SyntaxNode): HclAttribute {
  const expression = attribute.child('expression');
  return {
    name: attribute.child('identifier')?.text ?? '',
    line: attribute.line,
    literal: readLiteral(expression),
    elements: readElements(expression),
    leadingText: readLeadingText(expression),
    texts: expression ? textsIn(expression) : [],
    expression: expression?.text ?? '',
  };
}

function readBlock(block: SyntaxNode): HclBlock {
  const [type, ...rest] = block.children;
  return {
    type: type?.text ?? '',
    labels: rest.flatMap((node) => {
      if (node.type === 'string_lit') return [readStringLiteral(node)];
      return node.type === 'identifier' ? [node.text] : [];
    }),
    line: block.line,
    ...readBody(block.child('body')),
  };
}

/**
 * Parses the text of a `*.tf` file or a `*.tfvars` file. `isWanted` selects the top blocks to read. Of the others, only
 * the place where they end has to be certain.
 */
export function parseHcl(text: string, isWanted?: IsWanted): HclFile {
  const { root, errorLine, oddLine } = parse(text, isWanted);
  return { ...readBody(root.child('body'), isWanted), errorLine, oddLine };
}
