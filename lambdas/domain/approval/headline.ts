import type { AnalysisHeadline } from '../plan/analysis.ts';

/** Most lines of each kind in a mail; the page shows all of them. */
const MOST_LINES = 8;

/** Describes the plan in a few lines of text, most important first: lost data, exposures, then counts and cost. */
export function describeHeadline({ summary, blastRadius, cost, safeguards, proof }: AnalysisHeadline): string[] {
  const { add, change, destroy, replace } = summary;
  const counts = `${add} to add, ${change} to change, ${destroy} to destroy`;
  return [
    ...section('Data that would be lost', blastRadius.statefulLosses),
    ...section(
      'Exposed to others',
      blastRadius.exposures.map(({ address, why }) => `${address}: ${why}`),
    ),
    ...section('Protection lifted for', safeguards.liftsUsed),
    ...(proof ? unprovenIn(proof) : []),
    `  Changes       ${counts}${replace > 0 ? ` (${replace} replaced)` : ''}`,
    ...(proof && proof.of > 0
      ? [`  Modules       ${proof.proven} of ${proof.of} in use ran in ${proof.previous} before, or here already`]
      : []),
    `  Blast radius  ${blastRadius.level}`,
    ...blastRadius.reasons.slice(0, MOST_LINES).map((reason) => `                - ${reason}`),
    `  Cost          ${money(cost.monthlyBefore)} -> ${money(cost.monthlyAfter)} ${cost.currency} a month (${signed(cost.monthlyDelta)}), ${Math.round(cost.coverage)} % of resources priced`,
  ];
}

/** Tells what has not run in the environment before, and what staff has lifted. */
function unprovenIn({ previous, notes, ...proof }: NonNullable<AnalysisHeadline['proof']>): string[] {
  const lifted = proof.lifted.map(({ text, reason }) =>
    reason === undefined ? text : `${text}. Why it was lifted: ${reason}`,
  );
  const unproven = proof.unproven.map(({ text }) => text);
  return [
    ...section(`Not proven in ${previous}, and lifted by staff for one use`, lifted, proof.liftedCount),
    ...section(`Not proven in ${previous}`, unproven, proof.unprovenCount),
    ...section(`Not proven in ${previous}, and exempt by policy`, proof.exempt, proof.exemptCount),
    ...section('Limits of the proof', notes),
  ];
}

function section(title: string, lines: readonly string[], count = lines.length): string[] {
  if (count === 0) return [];
  const shown = Math.min(lines.length, MOST_LINES);
  const more = count > shown ? [`  … and ${count - shown} more`] : [];
  return [`${title}:`, ...lines.slice(0, MOST_LINES).map((line) => `  ! ${line}`), ...more, ''];
}

const money = (amount: number): string => amount.toFixed(2);
const signed = (amount: number): string => `${amount < 0 ? '-' : '+'}${money(Math.abs(amount))}`;
