import { releaseOrCommit, since } from '../output/words.ts';
import type { Deployment } from './deployments.ts';

const OPEN: readonly Deployment['status'][] = ['queued', 'planning', 'awaiting_approval', 'applying'];

export const isOpen = ({ status }: Deployment): boolean => OPEN.includes(status);

/** Whether a request to cancel it can still be heard. */
export const isCancelable = (deployment: Deployment): boolean =>
  isOpen(deployment) && deployment.status !== 'applying' && deployment.cancelRequestedBy === undefined;

/** What is being deployed: `release 7`, `rollback to release 6`. */
export function whatOf(deployment: Pick<Deployment, 'operation' | 'release' | 'commit'>): string {
  if (deployment.operation === 'destroy') return 'destruction';
  return `${deployment.operation === 'rollback' ? 'rollback to ' : ''}${releaseOrCommit(deployment)}`;
}

/** What a deployment under way does or waits for, and, with a time, since when. */
export function describeNow(deployment: Deployment, now?: Date): string {
  const what = whatOf(deployment);
  const ago = (instant: string | undefined) => (now && instant !== undefined ? `, ${since(instant, now)}` : '');
  const gates = deployment.gates
    .filter(({ status }) => status === 'open')
    .map(({ gate, required, approvals, openedAt }) => `${gate} (${approvals.length} of ${required}${ago(openedAt)})`);
  if (gates.length > 0) return `${what} waits for ${gates.join(' and ')}`;
  const begun = ago(deployment.heldSince ?? deployment.createdAt);
  if (deployment.appliesBannedSince !== undefined) return `${what} waits until applies are allowed again${begun}`;
  if (deployment.gates.length > 0 && deployment.gates.every(({ status }) => status === 'approved'))
    return `${what} is approved${begun}`;
  if (deployment.status === 'awaiting_approval') return `${what} waits for approval${begun}`;
  if (deployment.status === 'queued') return `${what} waits for its turn${begun}`;
  return `${what} is ${deployment.status}${begun}`;
}

/** How a deployment ended, and why if it was no success. */
export function describeEnding(deployment: Deployment): string {
  const { status, passedThrough, error, gates, safeguards } = deployment;
  const what = whatOf(deployment);
  if (status === 'succeeded')
    return `${what} ${passedThrough ? 'passed through: there was nothing to change' : status}`;
  const rejections = gates.flatMap(({ rejections }) => rejections);
  // What the workflow says names the people, too.
  const reasons = error
    ? [error.message]
    : [
        ...rejections.map(({ by, comment }) => `${by} said no${comment ? `: ${comment}` : ''}`),
        ...(status === 'blocked' ? (safeguards?.violations.map(({ address, why }) => `${address}: ${why}`) ?? []) : []),
      ];
  const verb = status === 'failed' || status === 'expired' ? status : `was ${status}`;
  return `${what} ${verb}${reasons.length > 0 ? `: ${reasons.join('; ')}` : ''}`;
}
