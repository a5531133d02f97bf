/** One record of a CSV text: its fields, the line it starts in, and the column each field starts at (both from 1). */
export interface CsvRecord {
  readonly line: number;
  readonly fields: readonly string[];
  readonly starts: readonly number[];
}

/** Thrown at a place where a CSV text breaks the grammar (RFC 4180). */
export class CsvSyntaxError extends Error {
  override readonly name = 'CsvSyntaxError';
  readonly line: number;
  readonly column: number;
  constructor(line: number, column: number, message: string) {
    super(message);
    this.line = line;
    this.column = column;
  }
}

/** Reads comma-separated records, quoted fields included; empty lines are skipped. */
export function* readCsv(text: string): Generator<CsvRecord> {
  let at = text.startsWith('\uFEFF') ? 1 : 0;
  let line = 1;
  while (at < text.length) {
    const start = at;
    const startLine = line;
    const fields: string[] = [];
    const starts: number[] = [];
    for (;;) {
      starts.push(at - start + 1);
      if (text[at] === '"') {
        const quoted = readQuoted(text, at, line, at - start + 1);
        fields.push(quoted.value);
        line += quoted.lines;
        at = quoted.end;
        if (at < text.length && !/[,\r\n]/.test(text[at] ?? ''))
          throw new CsvSyntaxError(line, at - start + 1, 'text after a closing quote');
      } else {
        const end = endOfField(text, at);
        fields.push(text.slice(at, end));
        at = end;
      }
      if (text[at] !== ',') break;
      at++;
    }
    if (text[at] === '\r') at++;
    if (text[at] === '\n') at++;
    line++;
    if (fields.length > 1 || fields[0] !== '') yield { line: startLine, fields, starts };
  }
}

function endOfField(text: string, from: number): number {
  let at = from;
  while (at < text.length && text[at] !== ',' && text[at] !== '\n' && text[at] !== '\r') at++;
  return at;
}

function readQuoted(
  text: string,
  from: number,
  line: number,
  column: number,
): { value: string; end: number; lines: number } {
  let value = '';
  let at = from + 1;
  for (;;) {
    const quote = text.indexOf('"', at);
    if (quote === -1) throw new CsvSyntaxError(line, column, 'a quoted field is not closed');
    value += text.slice(at, quote);
    at = quote + 1;
    if (text[at] !== '"') break;
    value += '"';
    at++;
  }
  return { value, end: at, lines: value.split('\n').length - 1 };
}
