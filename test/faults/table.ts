import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kindsOfTrials, LENGTHS, type Length } from './fault-kinds.ts';
import type { Finding } from './matrix.ts';

const DOCUMENT = join(import.meta.dirname, '..', '..', 'docs', 'faults.md');
/** The heading that the table follows. Nothing comes after the table. */
const HEADING = '## Every operation';
const UNTOUCHED = '✓';
const UNTRIED = '—';

/** The cells of each operation, by its name: one for each length. */
type Rows = ReadonlyMap<string, readonly string[]>;

/** Returns the findings as a table, a row for each operation. `known`: cells that were found before. */
export function renderTable(
  operations: readonly string[],
  findings: readonly Finding[],
  known: Rows = new Map(),
): string {
  const rows = operations.map((name) => {
    const own = findings.filter(({ operation }) => operation === name);
    const cells = LENGTHS.map((length, index) => cellOf(own, length) ?? known.get(name)?.[index] ?? UNTRIED);
    return `| ${[name, ...cells].join(' | ')} |`;
  });
  const head = ['operation', ...LENGTHS];
  return [`| ${head.join(' | ')} |`, `|${head.map(() => '---').join('|')}|`, ...rows, ''].join('\n');
}

/** Says what happened, once for all kinds of faults that had the same effect. Names the kinds unless all had it. */
function cellOf(findings: readonly Finding[], length: Length): string | undefined {
  const kindsOf = new Map<string, string[]>();
  for (const { kind, detours, problems } of findings.filter((each) => each.length === length)) {
    const effect = [...detours, ...problems].join('; ') || UNTOUCHED;
    kindsOf.set(effect, [...(kindsOf.get(effect) ?? []), kind]);
  }
  if (kindsOf.size === 0) return undefined;
  const tried = kindsOfTrials(length).length;
  return [...kindsOf]
    .map(([effect, kinds]) => (kinds.length === tried ? effect : `${kinds.join(', ')}: ${effect}`))
    .join('<br>');
}

/** Writes the table into the document. What was not tried this time stays as it was found before. */
export function writeDocument(operations: readonly string[], findings: readonly Finding[]): void {
  const [before = ''] = readFileSync(DOCUMENT, 'utf8').split(`${HEADING}\n`);
  writeFileSync(DOCUMENT, `${before}${HEADING}\n\n${renderTable(operations, findings, documentedRows())}`);
}

/** Returns the rows of the document, in its order. */
export function documentedRows(): Rows {
  const [, table = ''] = readFileSync(DOCUMENT, 'utf8').split(`${HEADING}\n`);
  const lines = table.split('\n').filter((line) => /^\| [^|]+: /.test(line));
  return new Map(
    lines.map((line) => {
      const [name = '', ...cells] = line.slice(2, -2).split(' | ');
      return [name, cells];
    }),
  );
}
