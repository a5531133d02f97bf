import { parseTemplate } from './parse-template.ts';
import type { SyntaxNode } from './syntax-node.ts';
import type { TokenReader } from './token-reader.ts';

const OPERATORS = ['||', '&&', '==', '!=', '>', '>=', '<', '<=', '+', '-', '*', '/', '%'];
const LITERALS: Readonly<Record<string, string>> = { true: 'bool_lit', false: 'bool_lit', null: 'null_lit' };

/** Numbers as the engine accepts them. The scanner takes more for a number, such as `1.2.3`. */
const NUMBER = /^\d+(?:\.\d*)?(?:[eE][+-]?\d+)?$/;

/**
 * Parses an expression. Terms and operators of one level are one list: which operator binds stronger does not matter to
 * a reader of texts and names.
 */
export function parseExpression(reader: TokenReader): SyntaxNode {
  const { start } = reader.peek();
  const first = parseOperation(reader);
  if (!reader.readIf('symbol', '?')) return reader.node('expression', start, first);
  const condition = reader.node('expression', start, first);
  const parts = reader.deeper(() => {
    const whenTrue = parseExpression(reader);
    reader.expect('symbol', ':');
    return [condition, whenTrue, parseExpression(reader)];
  });
  return reader.node('expression', start, [reader.node('conditional', start, parts)]);
}

function parseOperation(reader: TokenReader): SyntaxNode[] {
  const { start } = reader.peek();
  const terms = parseTerm(reader);
  if (!reader.isNext('symbol', ...OPERATORS)) return terms;
  while (reader.readIf('symbol', ...OPERATORS)) terms.push(...parseTerm(reader));
  return [reader.node('operation', start, [reader.node('binary_operation', start, terms)])];
}

/** Parses a value and what follows it: `.name`, `[key]`, `[*]`. */
function parseTerm(reader: TokenReader): SyntaxNode[] {
  const { start } = reader.peek();
  if (reader.readIf('symbol', '-', '!')) {
    const operand = reader.deeper(() => parseTerm(reader));
    return [reader.node('operation', start, [reader.node('unary_operation', start, operand)])];
  }
  return [parseValue(reader), ...parseTraversal(reader)];
}

function parseValue(reader: TokenReader): SyntaxNode {
  const token = reader.peek();
  const { start, text, type } = token;
  if (type === 'quote-start' || type === 'heredoc-start') return parseTemplate(reader, parseExpression);
  if (type === 'symbol' && text === '[') return parseTuple(reader);
  if (type === 'symbol' && text === '{') return parseObject(reader);
  if (type === 'symbol' && text === '(') {
    reader.read();
    const inner = reader.nested(false, () => {
      const expression = parseExpression(reader);
      reader.expect('symbol', ')');
      return expression;
    });
    return reader.node('parentheses', start, [inner]);
  }
  if (type === 'number' && NUMBER.test(text)) {
    return reader.node('literal_value', start, [reader.leaf('numeric_lit', reader.read())]);
  }
  const name = reader.expect('identifier');
  if (reader.isNext('symbol', '(', '::')) return parseCall(reader, name.start);
  const literal = Object.hasOwn(LITERALS, text) ? LITERALS[text] : undefined;
  return literal === undefined
    ? reader.node('variable_expr', start, [reader.leaf('identifier', name)])
    : reader.node('literal_value', start, [reader.leaf(literal, name)]);
}

function parseCall(reader: TokenReader, start: number): SyntaxNode {
  while (reader.readIf('symbol', '::')) reader.expect('identifier');
  const name = reader.node('identifier', start, []);
  reader.expect('symbol', '(');
  const { start: from } = reader.peek();
  const given = reader.nested(false, () => {
    const found: SyntaxNode[] = [];
    while (!reader.readIf('symbol', ')')) {
      found.push(parseExpression(reader));
      if (reader.readIf('symbol', '...')) {
        reader.expect('symbol', ')');
        break;
      }
      if (!reader.isNext('symbol', ')')) reader.expect('symbol', ',');
    }
    return found;
  });
  return reader.node('function_call', start, [
    name,
    ...(given.length > 0 ? [reader.node('function_arguments', from, given)] : []),
  ]);
}

function parseTraversal(reader: TokenReader): SyntaxNode[] {
  const steps: SyntaxNode[] = [];
  let isInSplat = false;
  for (;;) {
    const { start } = reader.peek();
    if (reader.readIf('symbol', '.')) {
      // Only names and old indexes follow `.*`, and no second one.
      if (reader.isNext('symbol', '*') && isInSplat) reader.fail();
      isInSplat ||= reader.isNext('symbol', '*');
      steps.push(parseStep(reader, start));
    } else if (reader.readIf('symbol', '[')) {
      isInSplat = false;
      steps.push(parseIndex(reader, start));
    } else return steps;
  }
}

function parseStep(reader: TokenReader, start: number): SyntaxNode {
  if (reader.readIf('symbol', '*')) return reader.node('splat', start, []);
  const name = reader.readIf('identifier');
  if (name) return reader.node('get_attr', start, [reader.leaf('identifier', name)]);
  const index = reader.peek();
  if (index.type !== 'number' || index.text.includes('.') || !NUMBER.test(index.text)) reader.fail();
  return reader.node('index', start, [reader.leaf('legacy_index', reader.read())]);
}

function parseIndex(reader: TokenReader, start: number): SyntaxNode {
  if (reader.readIf('symbol', '*')) {
    reader.expect('symbol', ']');
    return reader.node('splat', start, []);
  }
  const key = reader.nested(false, () => {
    const expression = parseExpression(reader);
    reader.expect('symbol', ']');
    return expression;
  });
  return reader.node('index', start, [key]);
}

function parseTuple(reader: TokenReader): SyntaxNode {
  const { start } = reader.read();
  return reader.nested(false, () => {
    if (reader.isNext('identifier', 'for')) return parseFor(reader, start, ']');
    const elements: SyntaxNode[] = [];
    while (!reader.readIf('symbol', ']')) {
      elements.push(parseExpression(reader));
      if (!reader.isNext('symbol', ']')) reader.expect('symbol', ',');
    }
    return reader.node('collection_value', start, [reader.node('tuple', start, elements)]);
  });
}

function parseObject(reader: TokenReader): SyntaxNode {
  const { start } = reader.read();
  // Line breaks count in an object, but not in a `for` expression, and not before the word `for`.
  const isFor = reader.ahead(() => reader.nested(false, () => reader.isNext('identifier', 'for')));
  if (isFor) return reader.nested(false, () => parseFor(reader, start, '}'));
  return reader.nested(true, () => {
    const elements: SyntaxNode[] = [];
    for (;;) {
      while (reader.readIf('newline'));
      if (reader.readIf('symbol', '}')) break;
      const { start: from } = reader.peek();
      const key = parseExpression(reader);
      reader.expect('symbol', '=', ':');
      elements.push(reader.node('object_elem', from, [key, parseExpression(reader)]));
      if (!reader.isNext('symbol', '}') && !reader.readIf('newline')) reader.expect('symbol', ',');
    }
    return reader.node('collection_value', start, [reader.node('object', start, elements)]);
  });
}

function parseFor(reader: TokenReader, start: number, closing: ']' | '}'): SyntaxNode {
  const { start: from } = reader.expect('identifier', 'for');
  const names = [reader.leaf('identifier', reader.expect('identifier'))];
  if (reader.readIf('symbol', ',')) names.push(reader.leaf('identifier', reader.expect('identifier')));
  reader.expect('identifier', 'in');
  const collection = parseExpression(reader);
  reader.expect('symbol', ':');
  const parts = [reader.node('for_intro', from, [...names, collection]), parseExpression(reader)];
  if (closing === '}') {
    reader.expect('symbol', '=>');
    parts.push(parseExpression(reader));
    reader.readIf('symbol', '...');
  }
  const { start: condition } = reader.peek();
  if (reader.readIf('identifier', 'if')) parts.push(reader.node('for_cond', condition, [parseExpression(reader)]));
  reader.expect('symbol', closing);
  return reader.node('for_expr', start, [
    reader.node(closing === ']' ? 'for_tuple_expr' : 'for_object_expr', start, parts),
  ]);
}
