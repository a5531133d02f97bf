import * as z from 'zod';
import { type BuildVariables, VariableNameSchema } from '../contract/build-variables.ts';
import { InvalidInputError } from '../errors.ts';
import { BranchSchema, CommitSchema, EnvironmentNameSchema, InstantSchema, StoredBranchSchema } from '../names.ts';
import { RequesterSchema } from './deployment.ts';

/** Hours that an environment may live from its creation or last extension. */
const TTL_HOURS = { usual: 72, most: 720 } as const;
const HOUR_MS = 3_600_000;

/** Hours that an environment lives. The configuration sets the minimum: see `endOfLife`. */
const TtlHoursSchema = z.number().positive().max(TTL_HOURS.most);

/** Variables that only Stagegate sets; a request cannot give them. */
const RESERVED_VARIABLES = ['environment', 'domain_name', 'certificate_arn'];

/**
 * Most characters of variables that people give. A build takes 4,096 characters; the rest is for Stagegate's own
 * values.
 */
const MOST_CHARACTERS = 3072;

const VariablesSchema = z
  .record(VariableNameSchema, z.json())
  .refine((variables) => !RESERVED_VARIABLES.some((name) => Object.hasOwn(variables, name)), {
    error: `Stagegate sets ${RESERVED_VARIABLES.join(', ')} itself`,
  })
  .refine((variables) => JSON.stringify(required(variables)).length <= MOST_CHARACTERS, {
    error: `too large: all together at most ${MOST_CHARACTERS} characters of JSON`,
  });

/** Body of `POST …/ephemeral-environments`. */
export const EphemeralRequestSchema = z
  .strictObject({
    name: EnvironmentNameSchema,
    /** A branch of the config repository. Its head is deployed, and the environment ends with the branch. */
    ref: z
      .string()
      .transform((ref) => ref.replace(/^refs\/heads\//, ''))
      .pipe(BranchSchema)
      .optional(),
    commit: CommitSchema.optional(),
    /** The regular environment whose directory, account and region are used; by default the first of the pipeline. */
    basedOn: EnvironmentNameSchema.optional(),
    ttlHours: TtlHoursSchema.default(TTL_HOURS.usual),
    /** Values of variables; the directory must declare each, and `environment`. */
    variables: VariablesSchema.default({}),
    /** Whether every push to the branch is deployed automatically. */
    follow: z.boolean().default(false),
  })
  .refine(({ ref, commit }) => (ref === undefined) !== (commit === undefined), {
    path: ['ref'],
    error: 'give either a ref (a branch) or a commit',
  })
  .refine(({ ref, follow }) => ref !== undefined || !follow, {
    path: ['follow'],
    error: 'only a ref (a branch) can be followed',
  });
export type EphemeralRequest = z.output<typeof EphemeralRequestSchema>;

/** Body of `PATCH …/ephemeral-environments/{name}`. */
export const EphemeralPatchSchema = z
  .strictObject({
    /** Hours that the environment lives from now on. */
    ttlHours: TtlHoursSchema,
    follow: z.boolean(),
  })
  .partial()
  .refine((patch) => Object.keys(patch).length > 0, { error: 'name at least one of ttlHours, follow' });
export type EphemeralPatch = z.output<typeof EphemeralPatchSchema>;

export const CauseSchema = z.enum(['requested', 'expired', 'branch-deleted', 'pull-request-closed']);
export type Cause = z.infer<typeof CauseSchema>;

/**
 * `open`: the environment can be deployed to. `closing`: it is being destroyed, and nothing is deployed to it any more.
 * `closed`: its Terraform state was seen without resources, and its name is free again.
 */
const LifeSchema = z.discriminatedUnion('phase', [
  z.object({
    phase: z.literal('open'),
    /** Time from which `expiresAt` counts: the creation or the last extension. */
    since: InstantSchema,
    /** The last warning that was sent, as seconds before the end. */
    warnedSeconds: z.int().optional(),
  }),
  z.object({
    phase: z.literal('closing'),
    cause: CauseSchema,
    by: RequesterSchema,
    at: InstantSchema,
    /** Number of destructions that have begun since closing was requested. */
    attempts: z.int().min(0),
    /** When the sweep gave up trying; a person has to look at the environment. */
    stuckAt: InstantSchema.optional(),
  }),
  z.object({ phase: z.literal('closed'), cause: CauseSchema, by: RequesterSchema, at: InstantSchema }),
]);
export type Life = z.infer<typeof LifeSchema>;

/** Fields that only an ephemeral environment has. */
export const EphemeralFactsSchema = z.object({
  basedOn: EnvironmentNameSchema,
  branch: StoredBranchSchema.optional(),
  follows: z.boolean(),
  /** The commit to run; absent until a push has reported the head of the branch. */
  commit: CommitSchema.optional(),
  variables: z.record(VariableNameSchema, z.json()),
  createdBy: RequesterSchema,
  expiresAt: InstantSchema,
  life: LifeSchema,
});

const required = (values: Readonly<Record<string, z.core.util.JSONType>>): BuildVariables =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { value, mode: 'required' as const }]));

/**
 * Returns the variables that plans of an ephemeral environment get in addition to the files of the directory, which
 * belongs to another environment.
 */
export const ephemeralVariables = (
  name: string,
  variables: Readonly<Record<string, z.core.util.JSONType>>,
): BuildVariables => required({ ...variables, environment: name });

/**
 * Returns when a life that begins now ends. Throws InvalidInputError when it is shorter than the configuration allows.
 */
export function endOfLife(ttlHours: number, leastSeconds: number, now: string): string {
  const milliseconds = Math.round(ttlHours * HOUR_MS);
  if (milliseconds < leastSeconds * 1000)
    throw new InvalidInputError('request', [
      { field: 'ttlHours', message: `at least ${leastSeconds / 3600} hours`, value: String(ttlHours) },
    ]);
  return new Date(Date.parse(now) + milliseconds).toISOString();
}

/**
 * Seconds before the end at which people are warned. A warning is left out when the whole life is not longer than that.
 */
const WARNINGS = [24 * 3600, 2 * 3600, 1800];

/** Returns the warning that is due now and was not sent yet; of several, the one nearest to the end. */
export function dueWarning(life: Extract<Life, { phase: 'open' }>, expiresAt: string, now: string): number | undefined {
  const left = Date.parse(expiresAt) - Date.parse(now);
  const whole = Date.parse(expiresAt) - Date.parse(life.since);
  const due = WARNINGS.filter((seconds) => left > 0 && left <= seconds * 1000 && seconds * 1000 < whole);
  const nearest = due.at(-1);
  return nearest !== undefined && nearest < (life.warnedSeconds ?? Number.POSITIVE_INFINITY) ? nearest : undefined;
}

/** Attempts to destroy an environment before the sweep leaves it to people. */
const MOST_ATTEMPTS = 6;
const LONGEST_PAUSE_SECONDS = 3600;

/** Returns whether no further attempt is made after these, so that a person has to look. */
export const isGivenUp = (attempts: number): boolean => attempts >= MOST_ATTEMPTS;

/**
 * Returns when the next attempt is due after one that ended at `endedAt`. Each pause is twice as long as the one
 * before, up to the longest.
 */
export function nextAttemptAt(attempts: number, endedAt: string, firstPauseSeconds: number): string {
  const pause = Math.min(firstPauseSeconds * 2 ** Math.max(0, attempts - 1), LONGEST_PAUSE_SECONDS);
  return new Date(Date.parse(endedAt) + pause * 1000).toISOString();
}
