import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { ROOT, readDocument } from './documents.ts';

const rows = readDocument('docs/limits.md')
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .slice(1)
  .map((line) => {
    const [, limit = '', figure = '', , , tests = ''] = line.split('|').map((cell) => cell.trim());
    return { limit, figure, tests: [...tests.matchAll(/\]\(\.\.\/(test\/[^)]+)\)/g)].map(([, path = '']) => path) };
  });

/** Returns the numbers of a cell, as tests write them: `25,000` as `25_000` or `25000`. */
const numbersOf = (figure: string): string[] =>
  (figure.match(/\d[\d,]*/g) ?? []).map((each) => each.replaceAll(',', ''));

describe('docs/limits.md', () => {
  test('has a row for each limit', () => {
    expect(rows.length).toBeGreaterThanOrEqual(13);
  });

  test.each(rows)('$limit: its tests are there', ({ tests }) => {
    expect(tests.length).toBeGreaterThan(0);
    for (const path of tests) expect([path, existsSync(join(ROOT, path))]).toEqual([path, true]);
  });

  test.each(rows.filter(({ figure }) => numbersOf(figure).length > 0))(
    '$limit ($figure): sources have the figure',
    ({ figure }) => {
      // The figure is in a test, or in the constant that the test uses.
      const sources = rows
        .flatMap(({ tests }) => tests)
        .concat(CONSTANTS)
        .map(readDocument)
        .join('\n')
        .replaceAll('_', '');
      for (const number of numbersOf(figure)) expect([number, sources.includes(number)]).toEqual([number, true]);
    },
  );
});

/** Files with the figures of limits. */
const CONSTANTS = [
  'lib/workflow/history.ts',
  'lib/account-limits.ts',
  'lib/config.ts',
  'lambdas/domain/environment/own-names.ts',
  'lambdas/domain/model/dns/hostname.ts',
  'lambdas/domain/contract/build-variables.ts',
  'test/fakes/in-memory-store.ts',
  'test/fakes/in-memory-approver-mail.ts',
];
