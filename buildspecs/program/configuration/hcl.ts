import { Language, type Node, Parser } from 'web-tree-sitter';
import { runtimeFile } from './runtime-files.ts';

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
  /** Every piece of text in the value, at any depth. */
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
  /** Line of the first text that cannot be parsed. */
  readonly errorLine: number | undefined;
}

const lineOf = (node: Node) => node.startPosition.row + 1;
const isNode = (node: Node | null): node is Node => node !== null;
const childrenOf = (node: Node) => node.namedChildren.filter(isNode);

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\' };
const LAST_CODE_POINT = 0x10ffff;

function readCodePoint(digits: string): string {
  const codePoint = Number.parseInt(digits, 16);
  return codePoint <= LAST_CODE_POINT ? String.fromCodePoint(codePoint) : '';
}

/** Returns the plain text of a template's literal part, in which `$${` and `%%{` stand for `${` and `%{`. */
export const unescapeTemplate = (text: string): string => text.replace(/([$%])\1\{/g, '$1{');

/** Decodes text within quotes as the engine does: names and sources may contain escapes, too. */
const decodeText = (text: string): string =>
  unescapeTemplate(text).replace(
    /\\(?:u([\da-fA-F]{4})|U([\da-fA-F]{8})|([nrt"\\]))/g,
    (_, short?: string, long?: string, letter = '') => ESCAPES[letter] ?? readCodePoint(short ?? long ?? '0'),
  );

/** Returns the text of a quoted string without templates. */
function readStringLiteral(node: Node): string {
  const literal = childrenOf(node).find(({ type }) => type === 'template_literal');
  return decodeText(literal?.text ?? '');
}

function readLiteral(expression: Node | undefined): HclAttribute['literal'] {
  const [value] = expression ? childrenOf(expression) : [];
  if (value?.type !== 'literal_value') return undefined;
  const [literal] = childrenOf(value);
  if (literal?.type === 'string_lit') return readStringLiteral(literal);
  if (literal?.type === 'bool_lit') return literal.text === 'true';
  if (literal?.type === 'numeric_lit') return Number(literal.text);
  return undefined;
}

const BRACKETS = new Set(['tuple_start', 'tuple_end', 'comment']);

function readElements(expression: Node | undefined): HclAttribute['elements'] {
  const [value, ...more] = expression ? childrenOf(expression).filter(({ type }) => type !== 'comment') : [];
  const [tuple] = value?.type === 'collection_value' && more.length === 0 ? childrenOf(value) : [];
  if (tuple?.type !== 'tuple') return undefined;
  return childrenOf(tuple)
    .filter(({ type }) => !BRACKETS.has(type))
    .map(readLiteral);
}

/** Types of the nodes that open a template and are not part of its text. */
const OPENING = new Set(['quoted_template_start', 'heredoc_start', 'heredoc_identifier']);

function readLeadingText(expression: Node | undefined): string | undefined {
  const literal = readLiteral(expression);
  if (literal !== undefined) return typeof literal === 'string' ? literal : undefined;
  const [value] = expression ? childrenOf(expression) : [];
  const [template] = value?.type === 'template_expr' ? childrenOf(value) : [];
  const first = template && childrenOf(template).find(({ type }) => !OPENING.has(type));
  return first?.type === 'template_literal' ? decodeText(first.text) : undefined;
}

function readTexts(node: Node): string[] {
  return node.type === 'template_literal' ? [node.text] : childrenOf(node).flatMap(readTexts);
}

type IsWanted = (blockType: string) => boolean;

function readBody(body: Node | undefined, isWanted: IsWanted = () => true): Pick<HclBlock, 'attributes' | 'blocks'> {
  const children = body ? childrenOf(body) : [];
  return {
    attributes: children
      .filter(({ type }) => type === 'attribute')
      .map((attribute) => {
        const parts = childrenOf(attribute);
        const expression = parts.find(({ type }) => type === 'expression');
        return {
          name: parts.find(({ type }) => type === 'identifier')?.text ?? '',
          line: lineOf(attribute),
          literal: readLiteral(expression),
          elements: readElements(expression),
          leadingText: readLeadingText(expression),
          texts: expression ? readTexts(expression) : [],
          expression: expression?.text ?? '',
        };
      }),
    blocks: children
      .filter((child) => child.type === 'block' && isWanted(child.firstNamedChild?.text ?? ''))
      .map(readBlock),
  };
}

function readBlock(block: Node): HclBlock {
  const [type, ...rest] = childrenOf(block);
  return {
    type: type?.text ?? '',
    labels: rest.flatMap((node) => {
      if (node.type === 'string_lit') return [readStringLiteral(node)];
      return node.type === 'identifier' ? [node.text] : [];
    }),
    line: lineOf(block),
    ...readBody(rest.find((node) => node.type === 'body')),
  };
}

function findErrorLine(node: Node): number | undefined {
  if (!node.hasError) return undefined;
  if (node.isError || node.isMissing) return lineOf(node);
  for (const child of node.children.filter(isNode)) {
    const line = findErrorLine(child);
    if (line !== undefined) return line;
  }
  return lineOf(node);
}

let ready: Promise<Parser> | undefined;

async function createParser(): Promise<Parser> {
  await Parser.init({ locateFile: () => runtimeFile('web-tree-sitter.wasm') });
  const parser = new Parser();
  parser.setLanguage(await Language.load(runtimeFile('tree-sitter-terraform.wasm')));
  return parser;
}

/** Parses a text and returns what `read` finds in the syntax tree. Nodes must not be used after that. */
export async function readSyntaxTree<T>(text: string, read: (root: Node) => T): Promise<T> {
  ready ??= createParser();
  const parser = await ready;
  const tree = parser.parse(text);
  if (!tree) throw new Error('parsing HCL: the parser gave no tree');
  try {
    return read(tree.rootNode);
  } finally {
    tree.delete();
  }
}

/**
 * Parses the text of a `*.tf` file or a `*.tfvars` file. `isWanted` selects the top blocks to read, because reading
 * blocks takes most of the time.
 */
export const parseHcl = (text: string, isWanted?: IsWanted): Promise<HclFile> =>
  readSyntaxTree(text, (root) => ({
    ...readBody(
      childrenOf(root).find(({ type }) => type === 'body'),
      isWanted,
    ),
    errorLine: findErrorLine(root),
  }));
