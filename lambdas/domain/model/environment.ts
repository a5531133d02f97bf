import * as z from 'zod';
import { BackendConfigFileSchema, LockTableSchema } from '../contract/backend-settings.ts';
import { EngineVersionSchema } from '../contract/engine-release.ts';
import { type RolePurpose, roleNameOf, stateBucketName } from '../contract/installation.ts';
import { RefusedError } from '../errors.ts';
import {
  AccountIdSchema,
  ApplicationNameSchema,
  directoryOf,
  EnvironmentNameSchema,
  InstantSchema,
  RegionSchema,
  RoleArnSchema,
  StoredRegionSchema,
} from '../names.ts';
import { StageSchema, stageRank } from '../policy.ts';
import type { Application } from './application.ts';
import { RequesterSchema } from './deployment.ts';
import { DnsSettingsSchema } from './dns/dns-settings.ts';
import { EphemeralFactsSchema } from './ephemeral-environment.ts';
import { partitionOf } from './partition.ts';

/** Body of `PUT …/environments/{env}`. */
export const EnvironmentSettingsSchema = z.strictObject({
  stage: StageSchema,
  accountId: AccountIdSchema,
  region: RegionSchema,
  /** Roles that are assumed in the account. By convention, their names are `<installation>-<app>-<env>-<purpose>`. */
  roles: z
    .strictObject({
      plan: RoleArnSchema.optional(),
      apply: RoleArnSchema.optional(),
      /** Role that reads the Terraform state, and nothing else. */
      state: RoleArnSchema.optional(),
      dns: RoleArnSchema.optional(),
    })
    .optional(),
  /** Bucket of the Terraform state, used when the directory's backend block names none. */
  stateBucket: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'an S3 bucket name')
    .optional(),
  /**
   * File that completes the backend of the directory, as `init -backend-config` would: a path from the directory that
   * stays within `apps/<application>/`.
   */
  backendConfigFile: BackendConfigFileSchema.optional(),
  /**
   * DynamoDB table in which the backend of the directory locks the state (`dynamodb_table`), beside the lock object. The
   * stack of the environment's roles grants it.
   */
  lockTable: LockTableSchema.optional(),
  /** Exact version of the application's engine for plans of this environment. When absent, the application's counts. */
  engineVersion: EngineVersionSchema.optional(),
  /**
   * Whether the environment is protected: without a lift, no plan destroys it, or deletes or replaces what holds data.
   * Production always is, whatever this setting says.
   */
  deletionProtection: z.boolean().default(false),
  /**
   * Settings for a hostname and a certificate. When they are removed, hostname and certificate are withdrawn with the
   * next deployment.
   */
  dns: DnsSettingsSchema.optional(),
});
export type EnvironmentSettings = z.infer<typeof EnvironmentSettingsSchema>;

/** Body of `PATCH …/environments/{env}`; all other settings are changed with `PUT`. */
export const EnvironmentPatchSchema = z
  .strictObject({
    deletionProtection: z.boolean(),
    /** `true` pins the environment: nothing is promoted into it automatically. `false` removes the pin. */
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
  region: StoredRegionSchema,
  /** 128 random bits that the environment's roles demand of whoever assumes them. No answer contains them. */
  externalId: z.string().regex(/^[0-9a-f]{32}$/),
  createdAt: InstantSchema,
  updatedAt: InstantSchema,
};

/** An environment of the pipeline, which stays until it is removed. */
export const RegularEnvironmentSchema = z.object({
  ...common,
  type: z.literal('regular'),
  /** Who asked to remove the environment, and when; a deployment is checking whether its Terraform state is empty. */
  removal: z.object({ by: RequesterSchema, at: InstantSchema }).optional(),
});
export type RegularEnvironment = z.infer<typeof RegularEnvironmentSchema>;

/**
 * An environment outside of the pipeline that lives for a while. It runs a commit of its own in the directory of a
 * regular environment.
 */
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
 * Returns the ARN of a role that is assumed in the environment's account: by its builds, for its state, for its DNS and
 * certificate. Each environment has its own roles, an ephemeral one too.
 */
export function roleArnOf(installation: string, environment: Environment, purpose: RolePurpose): string {
  const { application, name, accountId, region, roles } = environment;
  const conventional = roleNameOf(installation, { application, environment: name }, purpose);
  return roles?.[purpose] ?? `arn:${partitionOf(region)}:iam::${accountId}:role/${conventional}`;
}

export const stateBucketOf = (installation: string, environment: Environment): string =>
  environment.stateBucket ?? stateBucketName(installation, environment.accountId, environment.region);

/**
 * Returns the exact version of the engine with which the environment is planned. Undefined: the first version that
 * builds may run. A plan that exists keeps the engine that made it.
 */
export const engineVersionOf = (
  application: Pick<Application, 'engineVersion'>,
  environment: Pick<Environment, 'engineVersion'>,
): string | undefined => environment.engineVersion ?? application.engineVersion;

/** Returns the directory of the environment's configuration in the repository. */
export const configurationDirectoryOf = (environment: Environment): string =>
  directoryOf(environment.application, environment.type === 'ephemeral' ? environment.basedOn : environment.name);

export const ephemeralStateKey = (application: string, name: string): string =>
  `ephemeral/${application}/${name}/terraform.tfstate`;

/**
 * Returns the key of the environment's Terraform state. In a regular environment it is used when the directory's
 * backend block names no key. In an ephemeral environment it is always used, because the directory belongs to another
 * environment.
 */
export const stateKeyOf = (environment: Environment): string =>
  environment.type === 'ephemeral'
    ? ephemeralStateKey(environment.application, environment.name)
    : `${configurationDirectoryOf(environment)}/terraform.tfstate`;

/** Applies rule 1: an environment that has reached a stage's protections keeps them. Throws RefusedError. */
export function requireStageNotLowered(current: Environment | undefined, wanted: EnvironmentSettings): void {
  if (current && stageRank(wanted.stage) < stageRank(current.stage))
    throw new RefusedError(
      'stage-lowered',
      `environment "${current.name}" is ${current.stage}; its stage cannot go down to ${wanted.stage}`,
    );
}

/**
 * The external id for a name that several ephemeral environments have one after the other. The roles for that name are
 * prepared once, with this external id.
 */
export const KeptExternalIdSchema = z.object({
  application: z.string(),
  environment: z.string(),
  externalId: z.string().regex(/^[0-9a-f]{32}$/),
});
