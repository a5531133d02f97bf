import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';

const root = join(import.meta.dirname, '..', '..');
const text = readFileSync(join(root, 'docs', 'architecture.md'), 'utf8');
const answers = [...text.matchAll(/^\| ([^|]+\?) \| `([^`]+)` \|$/gm)].map(([, question = '', file = '']) => ({
  question,
  file,
}));

describe('docs/architecture.md', () => {
  test('answers at least twelve questions, each with a file of its own', () => {
    expect(answers.length).toBeGreaterThanOrEqual(12);
    expect(new Set(answers.map(({ file }) => file)).size).toBe(answers.length);
  });

  test.each(answers)('$question', ({ file }) => {
    expect([file, existsSync(join(root, file))]).toEqual([file, true]);
  });

  test('leads nowhere that is not there', () => {
    const links = [...text.matchAll(/\]\(([^)#]+)\)/g)].map(([, path = '']) => path);
    expect(links.length).toBeGreaterThan(2);
    for (const path of links) expect([path, existsSync(join(root, 'docs', path))]).toEqual([path, true]);
  });
});
