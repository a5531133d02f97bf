import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';

const root = join(import.meta.dirname, '..', '..');
const text = readFileSync(join(root, 'docs', 'rules.md'), 'utf8');
const rules = text
  .split(/^## /m)
  .slice(1)
  .map((rule) => ({ number: Number.parseInt(rule, 10), tests: [...rule.matchAll(/\]\(\.\.\/(test\/[^)]+)\)/g)] }));

/** Every number of a text like "rule 2", "rules 1, 4 and 5". */
const citedIn = (source: string): number[] =>
  [...source.matchAll(/\brules? (\d+(?:(?:, | and )\d+)*)/gi)].flatMap(([, list = '']) =>
    [...list.matchAll(/\d+/g)].map(Number),
  );

const filesBelow = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(?:ts|mjs|md)$/.test(name))
    .map((name) => join(folder, name));

describe('docs/rules.md', () => {
  test('has ten rules, in order', () => {
    expect(rules.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  test.each(rules)('rule $number names tests that are there', ({ tests }) => {
    expect(tests.length).toBeGreaterThan(0);
    for (const [, path = ''] of tests) expect([path, existsSync(join(root, path))]).toEqual([path, true]);
  });

  test('has every suite of rules', () => {
    const named = rules.flatMap(({ tests }) => tests.map(([, path]) => path));
    expect(filesBelow('test/domain/rules').filter((path) => !named.includes(path))).toEqual([]);
  });

  test('has every rule that is cited', () => {
    const cited = ['buildspecs', 'docs', 'lambdas', 'lib', 'local', 'scripts', 'test'].flatMap((folder) =>
      filesBelow(folder).flatMap((file) =>
        citedIn(readFileSync(join(root, file), 'utf8')).map((number) => ({ file, number })),
      ),
    );
    expect(cited.length).toBeGreaterThan(30);
    expect(cited.filter(({ number }) => number < 1 || number > rules.length)).toEqual([]);
  });
});

test.each([
  ['(rule 2)', [2]],
  ['rules 1, 4 and 5 hold', [1, 4, 5]],
  ['Rule 10: GET decides nothing', [10]],
  ['a risk rule', []],
])('finds the rules in %j', (source, numbers) => {
  expect(citedIn(source)).toEqual(numbers);
});
