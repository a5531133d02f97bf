import { Language, type Node, Parser } from 'web-tree-sitter';
import { runtimeFile } from './runtime-files.ts';

export interface HclAttribute {
  readonly name: string;
  /** 1-based. */
  readonly line: number;
  /** The value where it is a literal: a string without interpolation, a number, a boolean. */
  readonly literal: string | boolean | number | undefined;
  /** Every piece of text that stands in the value, however deep. */
  readonly texts: readonly string[];
}

export interface HclBlock {
  readonly type: string;
  readonly labels: readonly string[];
  /** 1-based. */
  readonly line: number;
  readonly attributes: readonly HclAttribute[];
  readonly blocks: readonly HclBlock[];
}

/** The contents of a file of HCL. */
export interface HclFile extends Pick<HclBlock, 'attributes' | 'blocks'> {
  /** Line of the first text that is no HCL. */
  readonly errorLine: number | undefined;
}

const lineOf = (node: Node) => node.startPosition.row + 1;
const isNode = (node: Node | null): node is Node => node !== null;
const childrenOf = (node: Node) => node.namedChildren.filter(isNode);

/** Text of a quoted string without templates; escapes other than quotes and backslashes do not occur in names and keys. */
function readStringLiteral(node: Node): string {
  const literal = childrenOf(node).find(({ type }) => type === 'template_literal');
  return (literal?.text ?? '').replace(/\\(["\\])/g, '$1');
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

function readTexts(node: Node): string[] {
  return node.type === 'template_literal' ? [node.text] : childrenOf(node).flatMap(readTexts);
}

function readBody(body: Node | undefined): Pick<HclBlock, 'attributes' | 'blocks'> {
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
          texts: expression ? readTexts(expression) : [],
        };
      }),
    blocks: children.filter(({ type }) => type === 'block').map(readBlock),
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

/** Parses the text of a `*.tf` file or a `*.tfvars` file. */
export async function parseHcl(text: string): Promise<HclFile> {
  ready ??= createParser();
  const parser = await ready;
  const tree = parser.parse(text);
  if (!tree) throw new Error('parsing HCL: the parser gave no tree');
  const body = childrenOf(tree.rootNode).find(({ type }) => type === 'body');
  const file = { ...readBody(body), errorLine: findErrorLine(tree.rootNode) };
  tree.delete();
  return file;
}
