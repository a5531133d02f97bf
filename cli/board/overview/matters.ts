import type { Schemas } from '../../client/api-client.ts';
import type { Standing } from '../frame/small-parts.ts';

export type Listed = Schemas['ListedApplication'];
type Summary = NonNullable<Listed['summary']>;
export type Stop = Summary['environments'][number];
export type Environment = NonNullable<Stop['environment']>;

/** What somebody may look for among all applications, in the order of urgency. */
export const MATTERS = ['failed', 'waiting', 'underway', 'held'] as const;
export type Matter = (typeof MATTERS)[number];

export const MATTER_IN_WORDS: Readonly<Record<Matter, string>> = {
  failed: 'Failed',
  waiting: 'Waiting for people',
  underway: 'Under way',
  held: 'On hold',
};

export const STANDING_OF: Readonly<Record<Matter, Standing>> = {
  failed: 'bad',
  waiting: 'warn',
  underway: 'calm',
  held: 'warn',
};

/** Returns what there is to say about an environment. */
export function mattersOf({ status, underWay, queued, hold }: Environment): Matter[] {
  const waits = underWay?.waitsFor?.kind === 'approval';
  return [
    ...(status === 'failed' ? (['failed'] as const) : []),
    ...(waits ? (['waiting'] as const) : []),
    ...((underWay && !waits) || queued.length > 0 ? (['underway'] as const) : []),
    ...(hold ? (['held'] as const) : []),
  ];
}

/** Returns the same for an application. One whose records cannot be read has failed. */
export function mattersIn({ summary }: Listed): Matter[] {
  if (!summary) return ['failed'];
  const found = new Set(summary.environments.flatMap(({ environment }) => (environment ? mattersOf(environment) : [])));
  return MATTERS.filter((matter) => found.has(matter));
}

/** Those that need somebody come first, and otherwise they go by name. */
export const byUrgency = (one: Listed, other: Listed): number =>
  urgencyOf(one) - urgencyOf(other) || (one.name < other.name ? -1 : 1);

function urgencyOf(application: Listed): number {
  const [first] = mattersIn(application);
  return first === undefined ? MATTERS.length : MATTERS.indexOf(first);
}

export const isMatter = (text: string | null): text is Matter => MATTERS.some((matter) => matter === text);
