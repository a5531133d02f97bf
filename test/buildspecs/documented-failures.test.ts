import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { CAUSES, PHASES } from '../../buildspecs/program/build/phases.ts';

const lines = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'api.md'), 'utf8').split('\n');
const wordsIn = (text: string): string[] => [...text.matchAll(/`([a-z-]+)`/g)].map(([, word = '']) => word);

/** Returns the rows below the head of a table, as the texts of their cells. */
function rowsBelow(head: string): string[][] {
  const first = lines.indexOf(head) + 2;
  const end = lines.indexOf('', first);
  return lines.slice(first, end).map((line) => line.split('|').slice(1, -1));
}

describe('docs/api.md', () => {
  test.each(Object.entries(PHASES))('names the phases of the %s build in their order', (build, phases) => {
    const [, told = ''] = rowsBelow('| build | phases, in order |').find(([name]) => name?.trim() === build) ?? [];
    const outsideOfRemarks = told.replaceAll(/\([^)]*\)/g, '');
    expect([...new Set(wordsIn(outsideOfRemarks))]).toEqual(phases);
  });

  test('names every cause that a failure can have, and no other', () => {
    const told = rowsBelow('| causes of their own | |').flatMap(([words = '']) => wordsIn(words));
    expect(told.sort()).toEqual(CAUSES);
  });
});
