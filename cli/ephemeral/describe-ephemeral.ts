import type { Schemas } from '../client/api-client.ts';
import { table } from '../output/table.ts';
import { short, until } from '../output/words.ts';

type Ephemeral = Schemas['EphemeralEnvironment'];

const sourceOf = ({ ref, commit, follow }: Ephemeral): string =>
  [ref ?? '', follow ? '(follows it)' : '', commit ? short(commit) : ''].filter((part) => part !== '').join(' ');

const costOf = ({ monthlyCost }: Ephemeral): string =>
  monthlyCost ? `${monthlyCost.amount.toFixed(2)} ${monthlyCost.currency}` : 'unknown';

/** Several environments as a table. */
export const describeAll = (all: readonly Ephemeral[], now: Date): string =>
  table(
    ['APPLICATION', 'NAME', 'STATUS', 'FROM', 'ENDS IN', 'A MONTH'],
    all.map((each) => [
      each.application,
      each.name,
      each.status.replace('_', ' '),
      sourceOf(each),
      each.closing ? 'ending' : until(each.expiresAt, now),
      costOf(each),
    ]),
  );

/** One environment, a line for each fact. */
export function describeOne(environment: Ephemeral, now: Date): string {
  const { application, name, status, basedOn, expiresAt, closing, closedAt, createdBy, variables } = environment;
  const facts: [string, string][] = [
    ['Status', status.replace('_', ' ')],
    ['From', `${sourceOf(environment)}, based on ${basedOn}`],
    ['Made by', createdBy.approver ?? createdBy.principal],
    [
      'Ends',
      closedAt
        ? `ended ${closedAt}`
        : closing
          ? `ending: ${closing.cause}`
          : `${expiresAt} (in ${until(expiresAt, now)})`,
    ],
    ['Cost', `${costOf(environment)} a month`],
    ...(closing?.stuckAt
      ? [
          ['Stuck', `since ${closing.stuckAt}: \`stagegate ephemeral delete ${name}\` tries again`] satisfies [
            string,
            string,
          ],
        ]
      : []),
    ...Object.entries(variables).map(([key, value]): [string, string] => [`var ${key}`, JSON.stringify(value)]),
  ];
  return `${application} ${name}\n${facts.map(([title, text]) => `  ${title.padEnd(8)}  ${text}`).join('\n')}\n`;
}
