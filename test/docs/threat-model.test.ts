import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';

/** A statement that nothing tries is true for as long as nobody changes the code: each names its test, or why there is none. */

const root = join(import.meta.dirname, '..', '..');
const lines = readFileSync(join(root, 'docs', 'threat-model.md'), 'utf8').split('\n');

const TESTS = /`(test\/[^`]+)`/g;
const UNTRIED = /stated, not tried: \S.{9,}/;
const testsIn = (text: string): string[] => [...text.matchAll(TESTS)].flatMap(([, path]) => path ?? []);

interface Table {
  /** What stands above it. */
  readonly lead: string;
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

const isRow = (line = ''): boolean => line.startsWith('|');
const cellsOf = (line: string): string[] =>
  line
    .replaceAll('\\|', '/')
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());

const tables: readonly Table[] = lines.flatMap((line, at): Table[] => {
  if (!isRow(line) || isRow(lines[at - 1])) return [];
  const rest = lines.slice(at);
  const end = rest.findIndex((each) => !isRow(each));
  const [header = '', rule = '', ...rows] = end === -1 ? rest : rest.slice(0, end);
  expect(rule).toMatch(/^(?:\|-+)+\|$/);
  return [{ lead: lines[at - 2] ?? '', header: cellsOf(header), rows: rows.map(cellsOf) }];
});
const isTried = ({ header }: Table): boolean => header.at(-1) === 'tried by';
const statements = tables
  .filter(isTried)
  .flatMap(({ rows }) => rows.map((row) => [row[0] ?? '', row.at(-1) ?? ''] as const));

describe('docs/threat-model.md', () => {
  test('has its statements in tables, each row as wide as its header', () => {
    expect(statements.length).toBeGreaterThan(60);
    expect(lines.filter((line) => /^\s*(?:[-*+]|\d+\.) /.test(line))).toEqual([]);
    for (const { header, rows } of tables)
      for (const row of rows) expect([row, row.length]).toEqual([row, header.length]);
  });

  test.each(statements)('says what tries this, or why nothing does: %s', (_, tried) => {
    expect(tried).toMatch(testsIn(tried).length > 0 ? TESTS : UNTRIED);
  });

  test('says the same nowhere twice', () => {
    const said = statements.map(([statement]) => statement);
    expect(said.filter((statement, at) => said.indexOf(statement) !== at)).toEqual([]);
  });

  test('has one other table, which a suite holds against itself', () => {
    expect(tables.filter((table) => !isTried(table)).map(({ lead }) => testsIn(lead))).toEqual([
      ['test/adversary/hostile-plans.test.ts'],
    ]);
  });

  test('names files that exist', () => {
    const named = testsIn(lines.join('\n'));
    expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
    const links = [...lines.join('\n').matchAll(/\]\(([^)#]+)/g)].flatMap(([, path]) => path ?? []);
    expect(links.filter((path) => !existsSync(join(root, 'docs', path)))).toEqual([]);
  });
});
