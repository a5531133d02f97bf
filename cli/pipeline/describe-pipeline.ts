import { table } from '../output/table.ts';
import { plain, releaseOrCommit, short, since } from '../output/words.ts';
import type { Deployment, EnvironmentNow, PipelineNow } from './pipeline-now.ts';

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
    ...(current ? [underWay(current, now)] : []),
    ...queued.map((each) => `${whatOf(each)} waits for its turn, ${since(each.createdAt, now)}`),
    ...(hold
      ? [`on hold for ${since(hold.at, now)}: ${plain(hold.reason)} (${plain(hold.by.approver ?? hold.by.principal)})`]
      : []),
  ];
}

export function whatOf(deployment: Deployment): string {
  if (deployment.operation === 'destroy') return 'destruction';
  return `${deployment.operation === 'rollback' ? 'rollback to ' : ''}${releaseOrCommit(deployment)}`;
}

/** What a deployment under way does or waits for, and since when. */
export function underWay(deployment: Deployment, now: Date): string {
  const what = whatOf(deployment);
  const open = deployment.gates.filter(({ status }) => status === 'open');
  if (open.length > 0) return `${what} waits for ${open.map((gate) => waitsFor(gate, now)).join(' and ')}`;
  const status = deployment.status.replace('_', ' ');
  return `${what} ${status === 'planning' || status === 'applying' ? `is ${status}` : status}, ${since(deployment.heldSince ?? deployment.createdAt, now)}`;
}

function waitsFor({ gate, required, approvals, openedAt }: Deployment['gates'][number], now: Date): string {
  const count = `${approvals.length} of ${required}`;
  return `${gate} (${count}${openedAt === undefined ? '' : `, ${since(openedAt, now)}`})`;
}
