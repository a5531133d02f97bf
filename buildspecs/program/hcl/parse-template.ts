import type { SyntaxNode } from './syntax-node.ts';
import { hasBadEscape } from './template-text.ts';
import type { TokenReader } from './token-reader.ts';

/** Expressions and templates contain each other, so the rule for expressions is handed in. */
type ParseExpression = (reader: TokenReader) => SyntaxNode;

/** Parses a quoted text or a heredoc. A quoted text without sequences is a plain text. */
export function parseTemplate(reader: TokenReader, parseExpression: ParseExpression): SyntaxNode {
  const opening = reader.read();
  const isQuoted = opening.type === 'quote-start';
  const parts = parseParts(reader, isQuoted ? 'quote-end' : 'heredoc-end', parseExpression);
  const { start } = opening;
  if (isQuoted && parts.every(({ type }) => type === 'template_literal'))
    return reader.node('literal_value', start, [reader.node('string_lit', start, parts)]);
  const template = isQuoted
    ? reader.node('quoted_template', start, parts)
    : reader.node('heredoc_template', start, [reader.leaf('heredoc_start', opening), ...parts]);
  return reader.node('template_expr', start, [template]);
}

/** Parses a quoted text in which no sequence is allowed: the label of a block. */
export function parseLabel(reader: TokenReader): SyntaxNode {
  const { start } = reader.expect('quote-start');
  const parts: SyntaxNode[] = [];
  if (reader.isNext('literal')) parts.push(parseLiteral(reader, true));
  reader.expect('quote-end');
  return reader.node('string_lit', start, parts);
}

function parseParts(
  reader: TokenReader,
  closing: 'quote-end' | 'heredoc-end',
  parseExpression: ParseExpression,
): SyntaxNode[] {
  const parts: SyntaxNode[] = [];
  const open: ('if' | 'else' | 'for')[] = [];
  while (!reader.readIf(closing)) {
    if (reader.isNext('literal')) parts.push(parseLiteral(reader, closing === 'quote-end'));
    else if (reader.isNext('interpolation-start')) parts.push(parseInterpolation(reader, parseExpression));
    else parts.push(parseDirective(reader, open, parseExpression));
  }
  if (open.length > 0) reader.fail();
  return parts;
}

/** Parses the text up to the next sequence, the end of the line, or the end of the template. */
function parseLiteral(reader: TokenReader, isQuoted: boolean): SyntaxNode {
  const { start } = reader.peek();
  for (let isWhole = false; !isWhole && reader.isNext('literal'); ) {
    const { text } = reader.peek();
    if (isQuoted && hasBadEscape(text)) reader.fail();
    reader.read();
    isWhole = text.endsWith('\n');
  }
  return reader.node('template_literal', start, []);
}

function parseInterpolation(reader: TokenReader, parseExpression: ParseExpression): SyntaxNode {
  const opening = reader.read();
  const parts = reader.nested(false, () => [parseExpression(reader), parseSequenceEnd(reader)]);
  return reader.node('template_interpolation', opening.start, [
    reader.leaf('template_interpolation_start', opening),
    ...parts,
  ]);
}

const parseSequenceEnd = (reader: TokenReader): SyntaxNode =>
  reader.leaf('template_sequence_end', reader.expect('sequence-end'));

/** Parses `%{…}`. `open` are the directives around it, which it may begin or end. */
function parseDirective(
  reader: TokenReader,
  open: ('if' | 'else' | 'for')[],
  parseExpression: ParseExpression,
): SyntaxNode {
  const opening = reader.expect('directive-start');
  const parts = reader.nested(false, () => {
    const { text: word } = reader.peek();
    const keyword = reader.leaf('directive_keyword', reader.expect('identifier', ...DIRECTIVES));
    const found: SyntaxNode[] = [];
    if (word === 'for') {
      open.push('for');
      found.push(...parseForNames(reader), parseExpression(reader));
    } else if (word === 'if') {
      open.push('if');
      found.push(parseExpression(reader));
    } else {
      const around = open.pop();
      const isFitting =
        word === 'endfor' ? around === 'for' : around === 'if' || (word === 'endif' && around === 'else');
      if (!isFitting) reader.fail();
      if (word === 'else') open.push('else');
    }
    return [keyword, ...found, parseSequenceEnd(reader)];
  });
  return reader.node('template_directive', opening.start, [reader.leaf('template_directive_start', opening), ...parts]);
}

const DIRECTIVES = ['if', 'else', 'endif', 'for', 'endfor'];

function parseForNames(reader: TokenReader): SyntaxNode[] {
  const names = [reader.leaf('identifier', reader.expect('identifier'))];
  if (reader.readIf('symbol', ',')) names.push(reader.leaf('identifier', reader.expect('identifier')));
  reader.expect('identifier', 'in');
  return names;
}
