import type { Driven } from './drive.ts';

/** Returns the table of generated inputs: a line for each route, and their sum. */
export function describeDriven(driven: readonly Driven[]): string {
  const rows = driven.map(({ route, inputs, statuses, problems, findings }) => {
    const sum = (from: number) =>
      [...statuses].reduce((total, [status, times]) => (Math.floor(status / 100) === from ? total + times : total), 0);
    const named = [...problems].sort(([, one], [, other]) => other - one).map(([name, times]) => `${name} ${times}`);
    return { route, inputs, accepted: sum(2), refused: sum(4), failed: sum(5), findings: findings.length, named };
  });
  const total = (field: 'inputs' | 'accepted' | 'refused' | 'failed' | 'findings') =>
    rows.reduce((sum, row) => sum + row[field], 0);
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`;
  return [
    line(['route', 'inputs', '2xx', '4xx', '5xx', 'findings', 'problems']),
    '|---|---|---|---|---|---|---|',
    ...rows.map(({ route, inputs, accepted, refused, failed, findings, named }) =>
      line([`\`${route}\``, inputs, accepted, refused, failed, findings, named.join(', ') || '–']),
    ),
    line(['**all**', total('inputs'), total('accepted'), total('refused'), total('failed'), total('findings'), '']),
  ].join('\n');
}
