import { parseExpression } from './parse-expression.ts';
import { parseLabel } from './parse-template.ts';
import type { SyntaxNode } from './syntax-node.ts';
import { NotHclError, TokenReader } from './token-reader.ts';

export interface ParsedText {
  /** A node with the attributes and blocks up to the first error. `hasError` is set if there was one, of either kind. */
  readonly root: SyntaxNode;
  /** Line of the first text that is no HCL and leaves open what the rest of the text is. */
  readonly errorLine: number | undefined;
  /** Line of the first text that is no HCL within a block that nobody needs. What lies around the block is certain. */
  readonly oddLine: number | undefined;
}

/**
 * Parses HCL's native syntax, of configurations and files of values, exactly as the engine's own library does.
 * `isNeeded`: whether the contents of a top block of this type have to be understood.
 */
export function parse(text: string, isNeeded: (blockType: string) => boolean = () => true): ParsedText {
  const reader = new TokenReader(text);
  const items: SyntaxNode[] = [];
  let errorLine: number | undefined;
  let oddLine: number | undefined;
  try {
    while (!reader.isNext('end')) {
      if (reader.readIf('newline')) continue;
      const { item, error } = parseTopItem(reader, isNeeded);
      items.push(item);
      oddLine ??= error && reader.source.lineAt(error.at);
    }
  } catch (error) {
    if (!(error instanceof NotHclError)) throw error;
    errorLine = reader.source.lineAt(error.at);
  }
  const body = reader.node('body', 0, items);
  const hasError = errorLine !== undefined || oddLine !== undefined;
  return { root: reader.root(body, hasError), errorLine, oddLine };
}

/** Parses an attribute or block at the top. Goes over a block that has an error if nobody needs it. */
function parseTopItem(
  reader: TokenReader,
  isNeeded: (blockType: string) => boolean,
): { readonly item: SyntaxNode; readonly error?: NotHclError } {
  const name = reader.expect('identifier');
  if (reader.isNext('symbol', '=')) return { item: parseAttribute(reader, name.start, name.text.length) };
  const header = parseHeader(reader, name.start, name.text.length);
  const opening = reader.position();
  reader.expect('symbol', '{');
  try {
    return { item: parseContents(reader, name.start, header) };
  } catch (error) {
    if (!(error instanceof NotHclError) || isNeeded(name.text) || !reader.skipBlock(opening)) throw error;
    endLine(reader);
    return { item: reader.node('block', name.start, header), error };
  }
}

function parseBody(reader: TokenReader): SyntaxNode[] {
  const items: SyntaxNode[] = [];
  while (!reader.readIf('symbol', '}')) {
    if (reader.readIf('newline')) continue;
    const { start, text } = reader.expect('identifier');
    if (reader.isNext('symbol', '=')) {
      items.push(parseAttribute(reader, start, text.length));
      continue;
    }
    const header = parseHeader(reader, start, text.length);
    reader.expect('symbol', '{');
    items.push(parseContents(reader, start, header));
  }
  return items;
}

function endLine(reader: TokenReader): void {
  if (!reader.isNext('end')) reader.expect('newline');
}

function parseAttribute(reader: TokenReader, start: number, length: number): SyntaxNode {
  const attribute = parseSetting(reader, start, length);
  endLine(reader);
  return attribute;
}

function parseSetting(reader: TokenReader, start: number, length: number): SyntaxNode {
  const name = reader.leaf('identifier', { start, end: start + length });
  reader.expect('symbol', '=');
  return reader.node('attribute', start, [name, parseExpression(reader)]);
}

/** Parses type and labels of a block. */
function parseHeader(reader: TokenReader, start: number, length: number): SyntaxNode[] {
  const header = [reader.leaf('identifier', { start, end: start + length })];
  while (!reader.isNext('symbol', '{')) {
    const label = reader.readIf('identifier');
    header.push(label ? reader.leaf('identifier', label) : parseLabel(reader));
  }
  return header;
}

/** Parses what follows the opening brace of a block. On the line of the brace, there may be one argument. */
function parseContents(reader: TokenReader, start: number, header: readonly SyntaxNode[]): SyntaxNode {
  const { start: from } = reader.peek();
  const items = reader.deeper(() => {
    if (reader.isNext('newline') || reader.isNext('symbol', '}')) return parseBody(reader);
    const name = reader.expect('identifier');
    const only = parseSetting(reader, name.start, name.text.length);
    reader.expect('symbol', '}');
    return [only];
  });
  const body = reader.node('body', from, items);
  const block = reader.node('block', start, [...header, body]);
  endLine(reader);
  return block;
}
