import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';

const root = join(import.meta.dirname, '..', '..');
const FOLDERS = ['bin', 'buildspecs', 'docs', 'examples', 'lambdas', 'lib', 'local', 'scripts', 'test'];

const COMMENT = /\/\*.*?\*\/|(?<![:\w])\/\/[^\n]*/gs;
const PATH = new RegExp(`(?<![\\w./-])(?:${FOLDERS.join('|')})/[\\w./-]+\\.(?:ts|md|mjs|yml)\\b`, 'g');
const DECISION = /\bADR (\d+)/g;

const commentsIn = (text: string): string => (text.match(COMMENT) ?? []).join('\n');
const pathsIn = (comments: string): string[] => comments.match(PATH) ?? [];
const decisionsIn = (comments: string): number[] =>
  [...comments.matchAll(DECISION)].map(([, number]) => Number(number));

const sources = FOLDERS.flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(?:ts|mjs)$/.test(name) && !name.includes('node_modules'))
    .map((name) => join(folder, name)),
).map((file) => ({ file, comments: commentsIn(readFileSync(join(root, file), 'utf8')) }));

describe('what comments cite', () => {
  test('are files that are there', () => {
    const cited = sources.flatMap(({ file, comments }) => pathsIn(comments).map((path) => ({ file, path })));
    expect(cited.length).toBeGreaterThan(0);
    expect(cited.filter(({ path }) => !existsSync(join(root, path)))).toEqual([]);
  });

  test('are decisions that are written down', () => {
    const written = new Set(readdirSync(join(root, 'docs', 'adr')).map((name) => Number.parseInt(name, 10)));
    const cited = sources.flatMap(({ file, comments }) => decisionsIn(comments).map((number) => ({ file, number })));
    expect(cited.length).toBeGreaterThan(0);
    expect(cited.filter(({ number }) => !written.has(number))).toEqual([]);
  });
});

test.each([
  [
    '// see `lambdas/domain/errors.ts`, and test/layering.test.ts.',
    ['lambdas/domain/errors.ts', 'test/layering.test.ts'],
    [],
  ],
  ['/**\n * As ADR 7 and\n * docs/rules.md say.\n */', ['docs/rules.md'], [7]],
  ["import { a } from './lib/a.ts'; const url = 'https://lib/a.ts';", [], []],
])('the comments of %j cite %j and %j', (text, paths, decisions) => {
  expect(pathsIn(commentsIn(text))).toEqual(paths);
  expect(decisionsIn(commentsIn(text))).toEqual(decisions);
});
