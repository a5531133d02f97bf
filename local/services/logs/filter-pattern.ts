/** Returns whether a log line matches a filter pattern. */
export type LineFilter = (message: string) => boolean;

type Line = Readonly<Record<string, unknown>>;
type Condition = (line: Line) => boolean;

const TOKEN = /\s*(\(|\)|&&|\|\||!=|=|"[^"\\]*"|\$(?:\.\w+)+|\S+)/y;

/**
 * Reads a filter pattern for JSON lines: `{ ($.a = "x") && (($.b.c != "y") || ($.d = "5*")) }`, where `*` in a text
 * stands for any characters. Throws for the rest of CloudWatch's language, which the local cloud does not know.
 */
export function readFilterPattern(pattern: string): LineFilter {
  const unsupported = (what: string): Error =>
    new Error(`filter pattern ${pattern}: ${what} is not supported by the local cloud`);
  const [, inner] = /^\{(.*)\}$/s.exec(pattern.trim()) ?? [];
  if (inner === undefined) throw unsupported('a pattern that is not for JSON');
  const tokens = tokensOf(inner.trim());
  const take = (): string => tokens.shift() ?? '';

  function readAny(): Condition {
    const conditions = [readAll()];
    while (tokens[0] === '||') {
      take();
      conditions.push(readAll());
    }
    return (line) => conditions.some((holds) => holds(line));
  }
  function readAll(): Condition {
    const conditions = [readOne()];
    while (tokens[0] === '&&') {
      take();
      conditions.push(readOne());
    }
    return (line) => conditions.every((holds) => holds(line));
  }
  function readOne(): Condition {
    const first = take();
    if (first !== '(') return readComparison(first);
    const condition = readAny();
    const last = take();
    if (last !== ')') throw unsupported(`"${last}" in the place of ")"`);
    return condition;
  }
  function readComparison(selector: string): Condition {
    if (!selector.startsWith('$.')) throw unsupported(`"${selector}" in the place of a field`);
    const path = selector.slice('$.'.length).split('.');
    const operator = take();
    if (operator !== '=' && operator !== '!=') throw unsupported(`the operator "${operator}"`);
    const text = take();
    if (!/^".*"$/s.test(text)) throw unsupported(`the value ${text}, which is no text`);
    const wanted = wildcard(text.slice(1, -1));
    // As in CloudWatch, a line without the field matches neither.
    return (line) => {
      const value = fieldOf(line, path);
      return value !== undefined && wanted.test(value) === (operator === '=');
    };
  }

  const condition = readAny();
  if (tokens.length > 0) throw unsupported(`"${tokens.join(' ')}" after the end`);
  return (message) => {
    const line = parseLine(message);
    return line !== undefined && condition(line);
  };
}

function tokensOf(text: string): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(text); match; match = TOKEN.exec(text)) tokens.push(match[1] ?? '');
  return tokens;
}

const wildcard = (text: string): RegExp =>
  new RegExp(`^${text.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`, 's');

/** Returns the text in a field; undefined if there is none. */
function fieldOf(line: Line, path: readonly string[]): string | undefined {
  let value: unknown = line;
  for (const name of path) value = isLine(value) ? value[name] : undefined;
  return typeof value === 'string' ? value : undefined;
}

const isLine = (value: unknown): value is Line => typeof value === 'object' && value !== null;

function parseLine(message: string): Line | undefined {
  try {
    const line: unknown = JSON.parse(message);
    return isLine(line) ? line : undefined;
  } catch {
    return undefined;
  }
}
