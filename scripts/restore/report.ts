import type { Aftermath, Finding } from './aftermath.ts';
import type { Recorded } from './record-aftermath.ts';
import type { Lacking } from './table-settings.ts';

/** What is wrong with a restored table, and what was done about it. */
export interface Report extends Pick<Aftermath, 'audits'> {
  readonly table: string;
  readonly moment: string;
  readonly settings: readonly Lacking[];
  readonly findings: readonly (Finding & { readonly done?: Recorded })[];
}

/** Returns whether nothing is left that the command can do. */
export const isInOrder = ({ settings, findings, audits }: Report): boolean =>
  settings.length === 0 &&
  findings.every(({ done }) => done !== undefined && done.outcome !== 'left') &&
  audits.every(({ broken }) => broken === undefined);

export function inWords({ table, moment, settings, findings, audits }: Report): string {
  const lines = [
    `table ${table}, set back to ${moment}`,
    ...(settings.length === 0 ? ['settings: as in the template'] : settings.map(lackingInWords)),
    ...(findings.length === 0 ? ['since then: nothing that the table does not know'] : findings.map(findingInWords)),
    ...audits.map(({ application, sequence, hash, broken }) =>
      broken === undefined
        ? `audit of ${application}: whole, ${sequence} entries, the last one is ${hash}`
        : `audit of ${application}: broken after entry ${sequence}: ${broken}`,
    ),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

const lackingInWords = ({ setting, found, command }: Lacking): string =>
  `lacks ${setting} (found: ${found})${command === undefined ? ': restore the table again' : `\n    ${command}`}`;

function findingInWords(finding: Report['findings'][number]): string {
  const done = finding.done === undefined ? '' : `\n    ${finding.done.outcome}: ${finding.done.text}`;
  return `${describe(finding)}${done}`;
}

function describe(finding: Finding): string {
  switch (finding.kind) {
    case 'applied':
      return `${finding.deploymentId} was applied at ${finding.at}; the table takes its plan for unused`;
    case 'applied-unknown':
      return `${finding.deploymentId} was applied at ${finding.at} in ${finding.application}/${finding.environment}; the table does not know what`;
    case 'homeless':
      return `${finding.deploymentId} was applied at ${finding.at} in an environment that the table does not know`;
    case 'moved-on':
      return `${finding.deploymentId} has an execution that went on at ${finding.execution.movedAt}`;
    case 'unknown-running':
      return `${finding.deploymentId} has an execution that is running; the table does not know the deployment`;
    case 'lift':
      return `${finding.application}/${finding.environment} has a lift of ${finding.of} for ${finding.subject} that may have been used`;
  }
}
