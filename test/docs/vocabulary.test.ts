import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { ROOT, readDocument } from './documents.ts';

const words = [...readDocument('docs/vocabulary.md').matchAll(/^\| ([^|]+) \| [^|]+ \| ([^|]+) \|$/gm)]
  .map(([, word = '', where = '']) => ({ word, where }))
  .filter(({ word }) => word !== 'word' && !word.startsWith('-'));

describe('docs/vocabulary.md', () => {
  test('has every word once', () => {
    expect(words.length).toBeGreaterThan(30);
    expect(new Set(words.map(({ word }) => word)).size).toBe(words.length);
  });

  test.each(words)('says where to find: $word', ({ where }) => {
    expect(where).toMatch(/^`[^`]+`(?:, `[^`]+`)*$/);
    const paths = [...where.matchAll(/`([^`]+)`/g)].map(([, path = '']) => path);
    expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });
});
