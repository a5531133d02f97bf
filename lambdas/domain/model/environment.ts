import * as z from 'zod';
import { RefusedError } from '../errors.ts';
import {
  ApplicationNameSchema,
  directoryOf,
  EnvironmentNameSchema,
  InstantSchema,
  RegionSchema,
  RoleArnSchema,
} from '../names.ts';
import { StageSchema, stageRank } from '../policy.ts';
import { RequesterSchema } from './deployment.ts';
import { DnsSettingsSchema } from './dns/dns-settings.ts';
import { EphemeralFactsSchema } from './ephemeral-environment.ts';
import { partitionOf } from './partition.ts';

/** Body of `PUT …/environments/{env}`. */
export const EnvironmentSettingsSchema = z.strictObject({
  stage: StageSchema,
  accountId: z.string().regex(/^\d{12}$/, 'a 12-digit AWS account id'),
  region: RegionSchema,
  /** Roles that are assumed in the account; by convention `stagegate-<app>-<env>-<purpose>`. */
  roles: z
    .strictObject({
      plan: RoleArnSchema.optional(),
      apply: RoleArnSchema.optional(),
      /** Reads the Terraform state, and nothing else. */
      state: RoleArnSchema.optional(),
      dns: RoleArnSchema.optional(),
    })
    .optional(),
  /** Bucket of the Terraform state where the directory's backend block names none. */
  stateBucket: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'an S3 bucket name')
    .optional(),
  /** Refuses destruction; always on for production. */
  deletionProtection: z.boolean().default(false),
  /** A hostname and a certificate. Taken away, they are withdrawn with the next deployment. */
  dns: DnsSettingsSchema.optional(),
});
export type EnvironmentSettings = z.infer<typeof EnvironmentSettingsSchema>;

/** What `PATCH …/environments/{env}` may change: the rest belongs to `PUT`. */
export const EnvironmentPatchSchema = z
  .strictObject({
    deletionProtection: z.boolean(),
    /** `true` pins the environment: nothing is promoted into it by itself. `false` lifts the pin. */
    hold: z.boolean(),
    reason: z.string().min(1).max(500),
  })
  .partial()
  .refine((patch) => patch.hold !== undefined || patch.deletionProtection !== undefined, {
    error: 'name at least one of deletionProtection, hold',
  })
  .refine(({ hold, deletionProtection, reason }) => reason || !(hold === true || deletionProtection === false), {
    path: ['reason'],
    error: 'say why: a hold is set, or a protection removed, with a reason',
  });
export type EnvironmentPatch = z.infer<typeof EnvironmentPatchSchema>;

const common = {
  application: ApplicationNameSchema,
  name: EnvironmentNameSchema,
  ...EnvironmentSettingsSchema.shape,
  /** 128 random bits; only builds of this environment get it, and its roles demand it. Appears in no answer. */
  externalId: z.string().regex(/^[0-9a-f]{32}$/),
  createdAt: InstantSchema,
  updatedAt: InstantSchema,
};

/** In the pipeline, for good. */
export const RegularEnvironmentSchema = z.object({
  ...common,
  type: z.literal('regular'),
  /** Somebody asked to remove it; a build is looking whether its Terraform state is empty. */
  removal: z.object({ by: RequesterSchema, at: InstantSchema }).optional(),
});
export type RegularEnvironment = z.infer<typeof RegularEnvironmentSchema>;

/** Outside the pipeline, for a while: runs a commit of its own in the directory of a regular environment. */
export const EphemeralEnvironmentSchema = z.object({
  ...common,
  type: z.literal('ephemeral'),
  deletionProtection: z.literal(false),
  ...EphemeralFactsSchema.shape,
});
export type EphemeralEnvironment = z.infer<typeof EphemeralEnvironmentSchema>;

/** A deployment target: one account, region, directory and state. */
export const EnvironmentSchema = z.discriminatedUnion('type', [RegularEnvironmentSchema, EphemeralEnvironmentSchema]);
export type Environment = z.infer<typeof EnvironmentSchema>;

export const isProtected = (environment: Pick<Environment, 'stage' | 'deletionProtection'>): boolean =>
  environment.stage === 'production' || environment.deletionProtection;

/**
 * The role that is assumed in the environment's account: by its builds, for its state, for its DNS and certificate.
 * Each environment has its own, an ephemeral one too.
 */
export function roleArnOf(environment: Environment, purpose: 'plan' | 'apply' | 'state' | 'dns'): string {
  return (
    environment.roles?.[purpose] ??
    `arn:${partitionOf(environment.region)}:iam::${environment.accountId}:role/stagegate-${environment.application}-${environment.name}-${purpose}`
  );
}

export const stateBucketOf = (environment: Environment): string =>
  environment.stateBucket ?? `stagegate-state-${environment.accountId}-${environment.region}`;

/** Where its configuration lives in the repository. */
export const configurationDirectoryOf = (environment: Environment): string =>
  directoryOf(environment.application, environment.type === 'ephemeral' ? environment.basedOn : environment.name);

export const ephemeralStateKey = (application: string, name: string): string =>
  `ephemeral/${application}/${name}/terraform.tfstate`;

/**
 * Key of its Terraform state: by convention where a regular directory's backend block names none, and always for an
 * ephemeral environment, whose directory belongs to another.
 */
export const stateKeyOf = (environment: Environment): string =>
  environment.type === 'ephemeral'
    ? ephemeralStateKey(environment.application, environment.name)
    : `${configurationDirectoryOf(environment)}/terraform.tfstate`;

/** Rule 1: what reached a stage's protections keeps them. */
export function requireStageNotLowered(current: Environment | undefined, wanted: EnvironmentSettings): void {
  if (current && stageRank(wanted.stage) < stageRank(current.stage))
    throw new RefusedError(
      'stage-lowered',
      `environment "${current.name}" is ${current.stage}; its stage cannot go down to ${wanted.stage}`,
    );
}

/**
 * The external id of a name that ephemeral environments bear one after the other: the roles of that name are prepared
 * with it, once.
 */
export const KeptExternalIdSchema = z.object({
  application: z.string(),
  environment: z.string(),
  externalId: z.string().regex(/^[0-9a-f]{32}$/),
});
