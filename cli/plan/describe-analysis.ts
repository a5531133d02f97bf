import { styleText } from 'node:util';
import type { Analysis } from '../../lambdas/domain/plan/analyze-plan.ts';
import { describeDelta } from '../../lambdas/domain/plan/cost.ts';

export interface Paper {
  /** Name of the plan file, for the title. */
  readonly file: string;
  /** Columns of the terminal. Undefined when the output does not go to a terminal. */
  readonly width: number | undefined;
  readonly hasColors: boolean;
}

type Style = Parameters<typeof styleText>[0];
type Resource = Analysis['resources'][number];

const SIGNS: Readonly<Record<Resource['kind'], string>> = {
  create: '+',
  update: '~',
  replace: '±',
  delete: '-',
  read: '<',
  forget: '.',
  unknown: '?',
  'no-op': ' ',
};
const LEVEL_STYLES: Readonly<Record<Analysis['blastRadius']['level'], Style>> = {
  none: 'green',
  low: 'green',
  medium: 'yellow',
  high: 'red',
  critical: ['red', 'bold'],
};
/** The most lines with attributes per resource. The JSON has all attributes. */
const MOST_ATTRIBUTES = 12;
const NARROWEST = 60;
const USUAL_WIDTH = 110;

/** Returns an analysis as text for people: changes, blast radius, cost, and whether the plan is allowed. */
export function describeAnalysis(analysis: Analysis, { file, width, hasColors }: Paper): string {
  const style = (format: Style, text: string): string =>
    hasColors ? styleText(format, text, { validateStream: false }) : text;
  const columns = Math.max(NARROWEST, width ?? USUAL_WIDTH);
  const heading = (title: string, text: string): string => `${style('bold', title.padEnd(14))}${text}`;
  const lines = [
    style('bold', `${file} · ${analysis.stage}`),
    '',
    heading('Changes', summaryText(analysis)),
    ...analysis.resources.flatMap((resource) => resourceLines(resource, columns, style)),
    ...analysis.outputs.map(
      (output) => `  ${outputSign(output.actions)} output ${output.name}${sides(output, columns)}`,
    ),
    '',
    heading(
      'Blast radius',
      `${style(LEVEL_STYLES[analysis.blastRadius.level], analysis.blastRadius.level)} (${analysis.blastRadius.score} of 99), ${reachText(analysis)}`,
    ),
    ...analysis.blastRadius.reasons.map((reason) => wrapped(`  • ${reason}`, columns)),
    ...(analysis.blastRadius.dependents.length > 0
      ? [
          wrapped(
            `  depend on it: ${analysis.blastRadius.dependents.slice(0, 12).join(', ')}${more(analysis.blastRadius.dependents.length - 12)}`,
            columns,
          ),
        ]
      : []),
    '',
    heading('Cost', costText(analysis)),
    ...costTable(analysis),
    '',
    heading(
      'Safeguards',
      analysis.safeguards.verdict === 'allow' ? style('green', 'allow') : style(['red', 'bold'], 'block'),
    ),
    ...analysis.safeguards.violations.map(({ address, why, liftable }) =>
      wrapped(`  ✗ ${address === '*' ? 'the plan' : address}: ${why}${liftable ? '' : ' (cannot be lifted)'}`, columns),
    ),
    ...extras(analysis, columns, heading),
    '',
    heading('Change digest', analysis.changeDigest),
  ];
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}

const more = (count: number): string => (count > 0 ? ` and ${count} more` : '');

function summaryText({ summary, hasChanges, complete, errored }: Analysis): string {
  const { add, change, destroy, replace, move, forget, outputs } = summary;
  const parts = [
    ...(summary.import > 0 ? [`${summary.import} to import`] : []),
    `${add} to add`,
    `${change} to change`,
    `${destroy} to destroy`,
    ...(replace > 0 ? [`${replace} of them replaced`] : []),
    ...(move > 0 ? [`${move} moved`] : []),
    ...(forget > 0 ? [`${forget} forgotten`] : []),
    ...(outputs > 0 ? [`${outputs} ${outputs === 1 ? 'output' : 'outputs'}`] : []),
  ];
  const state = errored ? ' · planning failed' : complete ? '' : ' · incomplete';
  return (hasChanges || errored ? parts.join(', ') : 'none') + state;
}

function resourceLines(resource: Resource, columns: number, style: (format: Style, text: string) => string): string[] {
  const { kind, address, actions, reason, previousAddress, importId, deposed, attributes, moreAttributes } = resource;
  const notes = [
    kind === 'no-op' ? '' : kind === 'unknown' ? actions.join(', ') : kind,
    kind === 'replace' ? `${actions[0]} first` : '',
    deposed ? `deposed ${deposed}` : '',
    previousAddress ? `moved from ${previousAddress}` : '',
    importId ? `imported from ${importId}` : '',
    reason ?? '',
  ].filter((note) => note !== '');
  const color: Style = resource.stateful && (kind === 'delete' || kind === 'replace') ? ['red', 'bold'] : 'reset';
  const isNew = kind === 'create' || kind === 'delete';
  const telling = attributes.filter(
    ({ unknown, forcesReplacement }) => !(kind === 'replace' && unknown) || forcesReplacement,
  );
  const shown = isNew ? [] : telling.slice(0, MOST_ATTRIBUTES);
  const rest = isNew ? 0 : attributes.length - shown.length + moreAttributes;
  return [
    style(color, `  ${SIGNS[kind]} ${address}`) + style('dim', `  ${notes.join(' · ')}`),
    ...shown.map((attribute) => {
      const forced = attribute.forcesReplacement ? ' (forces replacement)' : '';
      return style('dim', `      ${attribute.path}${sides(attribute, columns)}${forced}`);
    }),
    ...(rest > 0 ? [style('dim', `      and ${rest} more attributes`)] : []),
  ];
}

const outputSign = (actions: readonly string[]): string =>
  actions.includes('create') ? '+' : actions.includes('delete') ? '-' : '~';

interface Sides {
  readonly before?: unknown;
  readonly after?: unknown;
  readonly unknown?: boolean;
}

function sides({ before, after, unknown }: Sides, columns: number): string {
  const most = Math.max(20, Math.floor((columns - 30) / 2));
  const text = (value: unknown): string => {
    const json = typeof value === 'string' && value.startsWith('(') ? value : JSON.stringify(value);
    return json.length > most ? `${json.slice(0, most)}…` : json;
  };
  const is = unknown ? '(known after apply)' : after === undefined ? '(none)' : text(after);
  return before === undefined ? `: ${is}` : `: ${text(before)} -> ${is}`;
}

function reachText({ blastRadius: { direct, dependents, existing, touchedShare } }: Analysis): string {
  const share = existing > 0 ? `, ${Math.round(touchedShare * 100)} % of ${existing} existing` : '';
  return `${direct.length} direct, ${dependents.length} dependent${share}`;
}

const amount = (value: number): string => value.toFixed(2);

function costText({ cost }: Analysis): string {
  const { monthlyBefore, monthlyAfter, range, coverage, sheetDate, currency } = cost;
  const regions = [...new Set([cost.region, ...cost.resources.flatMap(({ region }) => region ?? [])])];
  return [
    `${amount(monthlyBefore)} -> ${amount(monthlyAfter)} ${currency} a month in ${regions.join(', ')}: ${describeDelta(cost)}`,
    `${' '.repeat(14)}after: ${amount(range.after.low)} to ${amount(range.after.high)} depending on use; ${coverage} % priced; prices of ${sheetDate} and later`,
  ].join('\n');
}

/** Returns the lines about costs, the largest differences first. */
function costTable({ cost }: Analysis): string[] {
  const rows = [...cost.resources].sort((one, other) => Math.abs(other.delta) - Math.abs(one.delta)).slice(0, 10);
  const widest = Math.max(0, ...rows.map(({ address }) => address.length));
  const table = rows.map(({ address, before, after, delta }) =>
    `  ${address.padEnd(widest)}  ${amount(before).padStart(10)}  ${amount(after).padStart(10)}  ${(delta > 0 ? '+' : '') + amount(delta)}`.trimEnd(),
  );
  const gaps = cost.gaps.map(
    ({ why, types, count }) =>
      `  not priced: ${count} × ${types.slice(0, 6).join(', ')}${more(types.length - 6)} (${why})`,
  );
  return [...table, ...gaps];
}

function extras(analysis: Analysis, columns: number, heading: (title: string, text: string) => string): string[] {
  const { drift, checks, modules, notices } = analysis;
  const failing = checks.filter(({ status }) => status === 'fail' || status === 'error');
  const widest = Math.max(0, ...modules.map(({ call }) => call.length));
  return [
    ...(drift.length > 0 ? ['', heading('Drift', `${drift.length} changed outside of Terraform`)] : []),
    ...drift.map(
      ({ address, what, attributes }) =>
        `  ${address}  ${what}${attributes.length > 0 ? `: ${attributes.join(', ')}` : ''}`,
    ),
    ...(failing.length > 0 ? ['', heading('Failed checks', '')] : []),
    ...failing.map(({ address, problems }) => wrapped(`  ✗ ${address}: ${problems.join(' ')}`, columns)),
    ...(modules.length > 0 ? ['', heading('Modules', '')] : []),
    ...modules.map(
      ({ call, version, ref, source }) =>
        `  ${call.padEnd(widest)}  ${version}${ref && ref !== version ? ` (${ref})` : ''}  ${source}`,
    ),
    ...(notices.length > 0 ? ['', heading('Notices', '')] : []),
    ...notices.map((notice) => wrapped(`  ! ${notice}`, columns)),
  ];
}

/** Breaks a line at spaces. The lines after the first are indented by two more. */
function wrapped(text: string, columns: number): string {
  const indent = ' '.repeat(text.length - text.trimStart().length);
  const lines: string[] = [];
  let line = '';
  for (const word of text.trim().split(' ')) {
    const room = columns - indent.length - (lines.length > 0 ? 2 : 0);
    if (line !== '' && line.length + 1 + word.length > room) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].map((part, at) => `${indent}${at > 0 ? '  ' : ''}${part}`).join('\n');
}
