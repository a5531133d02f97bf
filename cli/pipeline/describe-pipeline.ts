import { describeNow, whatOf } from '../deployment/describe-deployment.ts';
import { table } from '../output/table.ts';
import { releaseOrCommit, short, since } from '../output/words.ts';
import type { EnvironmentNow, PipelineNow } from './pipeline-now.ts';

/** The pipeline as a table for people. */
export function describePipeline({ application, head, environments }: PipelineNow, now: Date): string {
  const rows = environments.map((each) => [
    each.name,
    each.environment?.stage ?? '',
    each.environment ? deployedIn(each.environment, now) : 'not defined yet',
    nowIn(each, now).join('; ') || '-',
  ]);
  return `${application}${headOf(head)}\n\n${table(['ENVIRONMENT', 'STAGE', 'DEPLOYED', 'NOW'], rows)}`;
}

function headOf(head: PipelineNow['head']): string {
  if (head === null) return ': no push was seen yet';
  const newest = head.newestRelease === null ? 'no release yet' : `newest release ${head.newestRelease}`;
  return `: ${newest}, newest commit ${short(head.commit)}${head.isAhead ? ', which is no release yet' : ''}`;
}

function deployedIn({ deployed, status }: NonNullable<EnvironmentNow['environment']>, now: Date): string {
  if (deployed === null) return 'nothing';
  const passed = deployed.passed ? ' (passed through)' : '';
  const failed = status === 'failed' || status === 'stuck' ? `, then ${status}` : '';
  return `${releaseOrCommit(deployed)}${passed}, ${since(deployed.at, now)} ago${failed}`;
}

/** What goes on in an environment, a sentence each. */
function nowIn({ environment, current, queued }: EnvironmentNow, now: Date): string[] {
  const hold = environment?.hold;
  return [
    ...(current ? [describeNow(current, now)] : []),
    ...queued.map((each) => `${whatOf(each)} waits for its turn, ${since(each.createdAt, now)}`),
    ...(hold ? [`on hold for ${since(hold.at, now)}: ${hold.reason} (${hold.by.approver ?? hold.by.principal})`] : []),
  ];
}
