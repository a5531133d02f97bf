import type { Api, Schemas } from '../client/api-client.ts';
import { readWhole } from '../client/read-all.ts';
import { table } from '../output/table.ts';
import { releaseOrCommit, since } from '../output/words.ts';

type Listed = Schemas['ListedApplication'];
type Summary = NonNullable<Listed['summary']>;
type Environment = NonNullable<Summary['environments'][number]['environment']>;
type UnderWay = NonNullable<Environment['underWay']>;

/** The pipelines of all applications. */
export interface AllPipelines {
  readonly applications: readonly Listed[];
  /** Number of applications that are left out, or have no summary, because a record cannot be read. */
  readonly skipped: number;
}

/** Reads the pipelines of all applications, a hundred with each request. */
export async function readAllPipelines(api: Api): Promise<AllPipelines> {
  const { items: applications, skipped } = await readWhole((query) =>
    api.body(api.http.GET('/applications', { params: { query: { ...query, include: 'pipeline' } } })),
  );
  return { applications, skipped };
}

/** The pipelines of all applications as a table for people. */
export function describeAllPipelines({ applications, skipped }: AllPipelines, now: Date): string {
  const rows = applications.map(({ name, summary }) =>
    summary
      ? [name, deployedIn(summary), figuresOf(summary), nowIn(summary, now).join('; ') || '-']
      : [name, '?', '?', 'a record cannot be read'],
  );
  const note = skipped > 0 ? `\n${skipped} not shown in full: see GET /health/details\n` : '';
  return table(['APPLICATION', 'DEPLOYED', 'TO PRODUCTION IN 30 DAYS', 'NOW'], rows) + note;
}

const deployedIn = ({ environments }: Summary): string =>
  environments
    .map(({ name, environment }) => {
      const { deployed, status } = environment ?? { deployed: null, status: 'empty' };
      const failed = status === 'failed' ? ', failed' : '';
      return `${name} ${deployed ? (deployed.release ?? releaseOrCommit(deployed)) : '-'}${failed}`;
    })
    .join(' · ');

function figuresOf({ delivery }: Summary): string {
  const { deployments, changeFailureRate: rate } = delivery.last30Days;
  const failed = rate === null || rate === 0 ? '' : `, ${Math.round(rate * 100)} % failed`;
  return `${deployments}${failed}`;
}

/** What goes on in an application, a sentence each. */
function nowIn({ environments }: Summary, now: Date): string[] {
  return environments.flatMap(({ name, environment }) => {
    if (!environment) return [];
    const { underWay, queued, hold } = environment;
    return [
      ...(underWay ? [`${name}: ${describe(underWay, now)}`] : []),
      ...(queued.length > 0 ? [`${name}: ${queued.length} queued`] : []),
      ...(hold ? [`${name}: on hold for ${since(hold.at, now)} (${hold.reason})`] : []),
    ];
  });
}

function describe({ operation, status, since: begun, waitsFor, ...at }: UnderWay, now: Date): string {
  const what = operation === 'destroy' ? 'its destruction' : releaseOrCommit(at);
  if (waitsFor?.kind === 'approval') {
    const { gate, approvedBy, required } = waitsFor;
    return `${what} waits for ${gate} (${approvedBy.length} of ${required}, ${since(waitsFor.since, now)})`;
  }
  if (waitsFor) return `${what} waits until applies are allowed again, ${since(waitsFor.since, now)}`;
  return `${what} is ${status}, ${since(begun, now)}`;
}
