import type { Environment } from './deployments.ts';

interface OlderRelease {
  readonly release: number;
  /** When its last deployment here succeeded. */
  readonly endedAt: string | undefined;
}

type Known = Pick<Environment, 'deployed' | 'history'>;

/**
 * Returns the releases that an environment can go back to, as far as its last deployments tell: those that succeeded there
 * and are older than what is applied, the last one first.
 */
export function olderReleasesIn(environment: Known): OlderRelease[] {
  const newest = newestAppliedIn(environment);
  const older = environment.history.flatMap(({ status, operation, release, endedAt }) =>
    status === 'succeeded' && operation !== 'destroy' && release !== null && release < newest
      ? [{ release, endedAt }]
      : [],
  );
  return older.filter(({ release }, at) => older.findIndex((each) => each.release === release) === at);
}

/** The newest release of which something is applied: the one that is deployed, or one that failed half way since then. */
function newestAppliedIn({ deployed, history }: Known): number {
  const lastSuccess = history.findIndex(({ status }) => status === 'succeeded');
  const halfDone = history
    .slice(0, Math.max(0, lastSuccess))
    .filter(({ status, operation, applied }) => status === 'failed' && operation === 'deploy' && applied !== 'no')
    .map(({ release }) => release ?? 0);
  return Math.max(deployed?.release ?? 0, ...halfDone);
}
