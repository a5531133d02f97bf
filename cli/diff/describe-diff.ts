import { table } from '../output/table.ts';
import type { Comparison } from './compare.ts';

/** A comparison as text for people. */
export function describeDiff({ one, other, differences, same, unknown }: Comparison): string {
  const parts = differences.map(({ part, rows }) =>
    table(
      [part.toUpperCase(), one, other],
      rows.map((row) => [row.what, row.one ?? '-', row.other ?? '-']),
    ),
  );
  const ends = [
    ...(same.length > 0 ? [`The same: ${same.join(', ')}.`] : []),
    ...(unknown.length > 0
      ? [`Not known: ${unknown.map(({ part, of }) => `${part} (of ${of.join(' and ')})`).join(', ')}.`]
      : []),
  ];
  return [...parts, `${ends.join('\n')}\n`].join('\n');
}
