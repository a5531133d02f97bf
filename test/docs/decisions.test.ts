import { basename } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { DOCUMENTS, readDocument } from './documents.ts';

/** A decision is found by its number, is dated, and is short enough to be read: what it led to is described on a page of `docs`. */

const MOST_WORDS = 500;

const decisions = DOCUMENTS.filter((path) => /^docs\/adr\/\d{4}-/.test(path)).map((path) => {
  const text = readDocument(path);
  const [, number = '', title = ''] = /^# (\d+)\. (.+)\n/.exec(text) ?? [];
  const [, date = ''] = /^\*\*Date\*\*: (\d{4}-\d{2}-\d{2})\.$/m.exec(text) ?? [];
  return { file: basename(path), number, title, date, text };
});

const index = readDocument('docs/adr/README.md');
const rows = [...index.matchAll(/^\| \[(\d+)\]\(([^)]+)\) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$/gm)].map(
  ([, number = '', file = '', title = '', date = '', line = '']) => ({ number, file, title, date, line }),
);

describe('docs/adr/README.md', () => {
  test('has every decision, in order, with its title and date', () => {
    expect(decisions.length).toBeGreaterThan(50);
    expect(rows.map(({ line: _, ...row }) => row)).toEqual(decisions.map(({ text: _, ...decision }) => decision));
  });

  test('says something of each', () => {
    expect(rows.filter(({ line, title }) => line.length < 20 || line === title)).toEqual([]);
  });

  test('names the numbers that were never used', () => {
    const used = decisions.map(({ number }) => Number(number));
    const unused = Array.from({ length: Math.max(...used) }, (_, at) => at + 1).filter(
      (number) => !used.includes(number),
    );
    const [, told = ''] = /never used: ([\d, and]+)\./.exec(index) ?? [];
    expect([...told.matchAll(/\d+/g)].map(Number)).toEqual(unused);
  });
});

describe.each(decisions)('docs/adr/$file', ({ file, number, date, text }) => {
  test('has the number of its file, and a date', () => {
    expect(file.slice(0, 4)).toBe(number.padStart(4, '0'));
    expect(date).not.toBe('');
  });

  test('says status, context, decision and consequences, in this order', () => {
    const parts = [...text.matchAll(/^\*\*(Status|Context|Decision|Consequences)\.?\*\*/gm)].map(([, part]) => part);
    expect(parts).toEqual(['Status', 'Context', 'Decision', 'Consequences']);
  });

  test('is short', () => {
    expect(text.split(/\s+/).length).toBeLessThanOrEqual(MOST_WORDS);
  });
});
