import type { AnalysisHeadline } from '../plan/analysis.ts';

/** Most lines of each kind in a mail; the page shows all of them. */
const MOST_LINES = 8;

/** Describes the plan in a few lines of text, most important first: lost data, exposures, then counts and cost. */
export function describeHeadline({ summary, blastRadius, cost, safeguards }: AnalysisHeadline): string[] {
  const { add, change, destroy, replace } = summary;
  const counts = `${add} to add, ${change} to change, ${destroy} to destroy`;
  return [
    ...section('Data that would be lost', blastRadius.statefulLosses),
    ...section(
      'Exposed to others',
      blastRadius.exposures.map(({ address, why }) => `${address}: ${why}`),
    ),
    ...section('Protection lifted for', safeguards.liftsUsed),
    `  Changes       ${counts}${replace > 0 ? ` (${replace} replaced)` : ''}`,
    `  Blast radius  ${blastRadius.level}`,
    ...blastRadius.reasons.slice(0, MOST_LINES).map((reason) => `                - ${reason}`),
    `  Cost          ${money(cost.monthlyBefore)} -> ${money(cost.monthlyAfter)} ${cost.currency} a month (${signed(cost.monthlyDelta)}), ${Math.round(cost.coverage)} % of resources priced`,
  ];
}

function section(title: string, lines: readonly string[]): string[] {
  if (lines.length === 0) return [];
  const more = lines.length > MOST_LINES ? [`  … and ${lines.length - MOST_LINES} more`] : [];
  return [`${title}:`, ...lines.slice(0, MOST_LINES).map((line) => `  ! ${line}`), ...more, ''];
}

const money = (amount: number): string => amount.toFixed(2);
const signed = (amount: number): string => `${amount < 0 ? '-' : '+'}${money(Math.abs(amount))}`;
