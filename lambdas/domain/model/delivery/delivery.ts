import * as z from 'zod';
import { ApplicationNameSchema, EnvironmentNameSchema, InstantSchema } from '../../names.ts';

const CountSchema = z.int().min(0);
/** Durations in seconds; at most `MOST_PER_DAY` of a day are kept. */
const DurationsSchema = z.array(z.int().min(0));

/** What happened in a production environment on one day, in UTC (docs/dora.md). */
export const DeliveryDaySchema = z.object({
  day: z.iso.date(),
  /** Deploys that succeeded and changed something. */
  deployed: CountSchema,
  /** Deploys whose apply failed after it had changed something, or may have. */
  failedToDeploy: CountSchema,
  /** Of the deploys of this day, those that failed or that a rollback has undone since. */
  failures: CountSchema,
  /** For each deploy that brought a newer release: the time since the release was made. */
  leads: DurationsSchema,
  /** For each failure that was repaired on this day: the time since it was known. */
  restores: DurationsSchema,
});
export type DeliveryDay = z.infer<typeof DeliveryDaySchema>;

/** The counters of a production environment. They are written with the endings that they count. */
export const DeliverySchema = z.object({
  application: ApplicationNameSchema,
  environment: EnvironmentNameSchema,
  /** Time of the first ending that was counted. */
  since: InstantSchema,
  /** False while the environment had deployments that ended before there were counters: the daily look adds them. */
  isWhole: z.boolean(),
  /** Time of the last ending that was counted. */
  lastEnding: InstantSchema,
  /** The days on which something happened, oldest first. */
  days: z.array(DeliveryDaySchema),
  /** Newest release that a deploy has brought here; 0 before the first. */
  newestRelease: CountSchema,
  /** The last deploy that changed something; absent after a destruction. */
  lastDeploy: z.object({ at: InstantSchema, isFailed: z.boolean() }).optional(),
  /** When a failure became known that is not repaired yet. */
  failingSince: InstantSchema.optional(),
});
export type Delivery = z.infer<typeof DeliverySchema>;

/** Longest time, in days, over which figures are computed. */
export const LONGEST_WINDOW = 90;
/** Days that are kept: some more than the longest window, because a rollback counts for an earlier day. */
export const DAYS_KEPT = 100;
/** Most durations of one kind that are kept of one day. */
export const MOST_PER_DAY = 20;

export const dayOf = (instant: string): string => instant.slice(0, 10);

/** Returns the day so many days earlier. */
export const daysBefore = (day: string, days: number): string =>
  new Date(Date.parse(`${day}T00:00:00Z`) - days * 86_400_000).toISOString().slice(0, 10);
