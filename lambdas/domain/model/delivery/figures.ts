import * as z from 'zod';
import { type Delivery, dayOf, daysBefore, LONGEST_WINDOW } from './delivery.ts';

/** The four figures of DORA over the last days, today included (docs/dora.md). */
const FiguresSchema = z.object({
  days: z.int(),
  /** Deploys to production that succeeded and changed something; and how many a day that are. */
  deployments: z.int(),
  deploymentsPerDay: z.number(),
  /** Median time from a release to the end of its first deploy to production; null without any. */
  leadTimeSeconds: z.int().nullable(),
  /** Deploys that failed or were rolled back, out of all that changed production; null without any. */
  failedChanges: z.int(),
  changeFailureRate: z.number().nullable(),
  /** Failures that were repaired, and the median time that took; null without any. */
  restores: z.int(),
  timeToRestoreSeconds: z.int().nullable(),
});

export const DeliveryFiguresSchema = z
  .object({
    /** The production environments that are counted. */
    environments: z.array(z.string()),
    /** Time of the first ending that was counted; null before there is one. */
    since: z.string().nullable(),
    /** False for up to a day after an update from a version without counters: what ended before is not counted yet. */
    isComplete: z.boolean(),
    /** Production environments whose last failure is not repaired, and since when it is known. */
    failing: z.array(z.object({ environment: z.string(), since: z.string() })),
    last30Days: FiguresSchema,
    last90Days: FiguresSchema,
  })
  .meta({ id: 'DeliveryFigures' });
export type DeliveryFigures = z.input<typeof DeliveryFiguresSchema>;

/** A day on which something happened in production, in UTC. */
export const DeliveryDayViewSchema = z.object({
  day: z.string(),
  deployments: z.int(),
  /** Median of the day; null if no newer release came to production. */
  leadTimeSeconds: z.int().nullable(),
  /** Of the deploys of this day, those that failed or were rolled back since. */
  failedChanges: z.int(),
});
type DeliveryDayView = z.input<typeof DeliveryDayViewSchema>;

/** A production environment with its counters, if it has any. */
export interface Counted {
  readonly environment: string;
  readonly delivery: Delivery | undefined;
  readonly hasDeployments: boolean;
}

/** Computes the figures of an application from the counters of its production environments. */
export function figuresOf(production: readonly Counted[], now: string): DeliveryFigures {
  const counted = production.flatMap(({ delivery }) => delivery ?? []);
  return {
    environments: production.map(({ environment }) => environment),
    since: counted.map(({ since }) => since).sort()[0] ?? null,
    isComplete: production.every(({ delivery, hasDeployments }) => delivery?.isWhole ?? !hasDeployments),
    failing: counted.flatMap(({ environment, failingSince: since }) =>
      since === undefined ? [] : [{ environment, since }],
    ),
    last30Days: figuresOver(30, counted, now),
    last90Days: figuresOver(LONGEST_WINDOW, counted, now),
  };
}

/** Returns the days of the longest window on which something happened, oldest first, of all production environments. */
export function daysOf(production: readonly Counted[], now: string): DeliveryDayView[] {
  const before = daysBefore(dayOf(now), LONGEST_WINDOW);
  const within = production.flatMap(({ delivery }) => delivery?.days ?? []).filter(({ day }) => day > before);
  const byDay = Object.groupBy(within, ({ day }) => day);
  return Object.entries(byDay)
    .map(([day, rows = []]) => ({
      day,
      deployments: rows.reduce((total, { deployed }) => total + deployed, 0),
      leadTimeSeconds: medianOf(rows.flatMap(({ leads }) => leads)),
      failedChanges: rows.reduce((total, { failures }) => total + failures, 0),
    }))
    .filter(({ deployments, failedChanges }) => deployments > 0 || failedChanges > 0)
    .sort((one, other) => one.day.localeCompare(other.day));
}

function figuresOver(days: number, counted: readonly Delivery[], now: string): z.input<typeof FiguresSchema> {
  const before = daysBefore(dayOf(now), days);
  const within = counted.flatMap((each) => each.days).filter(({ day }) => day > before);
  const sum = (of: (day: (typeof within)[number]) => number) => within.reduce((total, day) => total + of(day), 0);
  const deployments = sum(({ deployed }) => deployed);
  const changes = deployments + sum(({ failedToDeploy }) => failedToDeploy);
  const failedChanges = sum(({ failures }) => failures);
  const restores = within.flatMap((day) => day.restores);
  return {
    days,
    deployments,
    deploymentsPerDay: rounded(deployments / days),
    leadTimeSeconds: medianOf(within.flatMap(({ leads }) => leads)),
    failedChanges,
    changeFailureRate: changes === 0 ? null : rounded(failedChanges / changes),
    restores: restores.length,
    timeToRestoreSeconds: medianOf(restores),
  };
}

const rounded = (number: number): number => Math.round(number * 1000) / 1000;

function medianOf(numbers: readonly number[]): number | null {
  const sorted = numbers.toSorted((one, other) => one - other);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  return upper === undefined || lower === undefined ? null : Math.round((upper + lower) / 2);
}
