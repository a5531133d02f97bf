import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parseSync } from '@swc/core';

const root = join(import.meta.dirname, '..');

/** Where the compiler cannot follow: the type of a record hangs on its kind, the type of a document on its collection. */
const MAY = { 'lambdas/domain/transaction/unit-of-work.ts': 3, 'local/persistence/database.ts': 2 };

const sources = ['bin', 'buildspecs', 'cli', 'examples', 'lambdas', 'lib', 'local', 'scripts'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.includes('node_modules'))
    .map((name) => join(folder, name)),
);

/** How many expressions of a text are given a type that nobody has checked; `as const` gives none. */
function assertionsIn(text: string): number {
  const pending: unknown[] = [parseSync(text, { syntax: 'typescript', target: 'es2024' })];
  let found = 0;
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (typeof node !== 'object' || node === null) continue;
    if ('type' in node && ['TsAsExpression', 'TsTypeAssertion', 'TsNonNullExpression'].includes(String(node.type)))
      found += 1;
    pending.push(...Object.values(node).filter((value) => value !== undefined));
  }
  return found;
}

describe('type assertions', () => {
  test('are only where the compiler cannot follow', () => {
    const found = sources.map((file) => [file, assertionsIn(readFileSync(join(root, file), 'utf8'))] as const);
    expect(Object.fromEntries(found.filter(([, count]) => count > 0))).toEqual(MAY);
  });

  test.each([
    ['const a = b as string;', 1],
    ['const a = <string>b;', 1],
    ['const a = b!;', 1],
    ['const a = f((b as never).c as D);', 2],
    ["const a = ['b'] as const;", 0],
    ["const a = { b: 'c' } satisfies D;", 0],
    ["import { a as b } from './a.ts';", 0],
  ])('%j has %i', (text, count) => {
    expect(assertionsIn(text)).toBe(count);
  });
});
