/**
 * Shows progress to people on stderr, so that stdout contains only the result of `--json`; also prints the tables at
 * the end.
 */
export class Progress {
  readonly #startedAt = performance.now();
  readonly #write: (line: string) => void;

  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  heading(text: string): void {
    this.#write(`\n${this.#isColored ? `\x1b[1m${text}\x1b[0m` : text}`);
  }

  line(text: string): void {
    const seconds = ((performance.now() - this.#startedAt) / 1000).toFixed(1).padStart(5);
    this.#write(`  ${seconds} s  ${text}`);
  }

  table(rows: readonly Readonly<Record<string, string>>[]): void {
    for (const line of formatTable(rows)) this.#write(line);
  }

  get #isColored(): boolean {
    return process.stderr.isTTY === true && !process.env.NO_COLOR;
  }
}

/** Formats a table: a ruled heading, and columns as wide as their widest cell. */
export function formatTable(rows: readonly Readonly<Record<string, string>>[]): string[] {
  const columns = Object.keys(rows[0] ?? {});
  const width = (column: string) => Math.max(column.length, ...rows.map((row) => (row[column] ?? '').length));
  const format = (cells: readonly string[]) =>
    `  ${cells.map((cell, index) => cell.padEnd(width(columns[index] ?? ''))).join('   ')}`.trimEnd();
  return [
    format(columns),
    format(columns.map((column) => '─'.repeat(width(column)))),
    ...rows.map((row) => format(columns.map((column) => row[column] ?? ''))),
  ];
}
