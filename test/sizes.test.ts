import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';

const root = join(import.meta.dirname, '..');

/** What can be read in one go. */
const MOST_LINES = 300;
/** What can be looked over in one go. */
const MOST_FILES = 30;
/** Where a file that is longer on purpose says why: among its imports, or in the comment that follows. */
const HEAD_LINES = 50;
const REASON = /^(?:\/\/|\/\*\*| \*) This file is long because \S/m;

const sources = ['buildspecs', 'cli', 'lambdas', 'lib', 'local'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|mjs)$/.test(name) && !/node_modules|^(dist|generated)\//.test(name))
    .map((name) => join(folder, name)),
);

const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const linesOf = (text: string): number => text.split('\n').length - 1;
const hasReason = (text: string): boolean => REASON.test(text.split('\n').slice(0, HEAD_LINES).join('\n'));

describe('a source file', () => {
  test(`has at most ${MOST_LINES} lines, or says at its head why it has more`, () => {
    const tooLong = sources.filter((file) => linesOf(read(file)) > MOST_LINES && !hasReason(read(file)));
    expect(tooLong).toEqual([]);
  });

  test('gives no reason to be long where it is not', () => {
    expect(sources.filter((file) => linesOf(read(file)) <= MOST_LINES && hasReason(read(file)))).toEqual([]);
  });
});

test(`a folder holds at most ${MOST_FILES} source files`, () => {
  const filesIn = Map.groupBy(sources, dirname);
  expect([...filesIn].filter(([, files]) => files.length > MOST_FILES).map(([folder]) => folder)).toEqual([]);
});

test.each([
  ["import a from './a.ts';\n\n// This file is long because it is a table.\n", true],
  ['/**\n * A table.\n *\n * This file is long because a table is read as a whole.\n */\n', true],
  [`${'\n'.repeat(HEAD_LINES)}// This file is long because it is a table.\n`, false],
  ['// This file is long.\n', false],
])('the reason of %j is seen: %p', (text, isSeen) => {
  expect(hasReason(text)).toBe(isSeen);
});
