import { plainText } from '../output/plain.ts';
import { table } from '../output/table.ts';
import type { Proposal } from './proposal.ts';
import type { Proposed } from './propose.ts';

interface Asked {
  readonly from: string;
  readonly to: string;
  readonly dryRun: boolean;
}

/** What was changed and what was not, as text for people. */
export function describeProposals({ proposals, written }: Proposed, { from, to, dryRun }: Asked): string {
  if (proposals.length === 0) return `${to} has no module calls.\n`;
  const rows = proposals.map((each) => [
    each.call,
    each.file === null ? '-' : `${each.file}:${each.line}`,
    each.now ?? '-',
    each.ran ?? '-',
    `${wordFor(each, dryRun)}: ${each.reason}`,
  ]);
  const lines = rows.map((row) => row.map(plainText));
  return `${table(['CALL', 'PLACE', to.toUpperCase(), from.toUpperCase(), 'RESULT'], lines)}\n${ending(proposals, written)}`;
}

const wordFor = ({ verdict }: Proposal, dryRun: boolean): string =>
  ({ change: dryRun ? 'would change' : 'changed', same: 'stays', ahead: 'stays', undecided: 'not decided' })[verdict];

function ending(proposals: readonly Proposal[], written: readonly string[]): string {
  if (written.length > 0) return `Written, and not committed: ${written.map(plainText).join(', ')}\n`;
  const changes = proposals.filter(({ verdict }) => verdict === 'change').length;
  return changes > 0 ? 'Nothing was written.\n' : 'Nothing stands behind. Nothing was written.\n';
}
