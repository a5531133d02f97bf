import * as z from 'zod';
import { ProviderSchema } from '../contract/build-source.ts';
import { EngineVersionSchema } from '../contract/engine-release.ts';
import { IgnoredSubmodulesSchema } from '../contract/ignored-submodules.ts';
import {
  ApplicationNameSchema,
  BranchSchema,
  EnvironmentNameSchema,
  InstantSchema,
  RepositoryIdSchema,
  StoredBranchSchema,
} from '../names.ts';
import { SafeguardSettingsSchema } from '../plan/safeguards-schema.ts';
import { PolicySchema } from '../policy.ts';

export const DEFAULT_PIPELINE = ['dev1', 'stage1', 'prod1'];
/** Most environments in a pipeline, because an application is removed with all of them in one transaction (ADR 35). */
export const MOST_ENVIRONMENTS = 12;

/**
 * An HTTPS or SSH git URL without credentials. Whether builds can fetch it depends on the provider and is checked in
 * `sourceOf`.
 */
const RepositoryUrlSchema = z
  .string()
  .max(500)
  .regex(
    /^(?:https:\/\/[^\s@]+|ssh:\/\/(?:[^\s@:/]+@)?[^\s@]+|git@[^\s:]+:[^\s]+)$/,
    'an https or ssh git URL without credentials',
  );

const repositoryWith = (branch: z.ZodString) =>
  z
    .strictObject({
      url: RepositoryUrlSchema,
      branch: branch.default('main'),
      /** Kind of git host, needed when the host's name does not show it. */
      provider: ProviderSchema.optional(),
      /** CodeConnections connection that may read the repository. */
      connectionArn: z
        .string()
        .regex(
          /^arn:[^:]+:(?:codeconnections|codestar-connections):[^:]+:\d{12}:connection\/.+$/,
          'the ARN of a CodeConnections connection',
        )
        .optional(),
      /** Secrets Manager secret with the repository's credentials. */
      secretArn: z
        .string()
        .regex(/^arn:[^:]+:secretsmanager:[^:]+:\d{12}:secret:.+$/, 'the ARN of a Secrets Manager secret')
        .optional(),
    })
    .refine((repository) => !(repository.connectionArn && repository.secretArn), {
      error: 'give connectionArn or secretArn, not both',
    });

/** The config repository of an application, as it is stored. */
export const ConfigRepositorySchema = repositoryWith(StoredBranchSchema);
export type ConfigRepository = z.infer<typeof ConfigRepositorySchema>;

/** Body of `PUT /applications/{app}`. */
export const ApplicationSettingsSchema = z.strictObject({
  client: z.string().min(1).max(100),
  configRepository: repositoryWith(BranchSchema),
  engine: z.enum(['terraform', 'opentofu']).default('terraform'),
  /** Exact version, unless an environment has its own. When absent, builds use the first one that they may run. */
  engineVersion: EngineVersionSchema.optional(),
  serviceDiscoveryDomain: z
    .string()
    .max(253)
    .regex(/^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/, 'a lower-case DNS domain')
    .optional(),
  pipeline: z
    .array(EnvironmentNameSchema)
    .min(1)
    .max(MOST_ENVIRONMENTS)
    .refine((names) => new Set(names).size === names.length, { error: 'an environment is in the pipeline twice' })
    .default(() => [...DEFAULT_PIPELINE]),
  policy: PolicySchema.optional(),
  /** Submodules of the config repository that no plan of this application needs. Any other is refused. */
  ignoredSubmodules: IgnoredSubmodulesSchema.optional(),
  /** What plans of this application may not delete, beyond the kinds that are always protected. */
  safeguards: SafeguardSettingsSchema.optional(),
});
export type ApplicationSettings = z.infer<typeof ApplicationSettingsSchema>;

/** A product of one client: its config repository, its pipeline and its policy. */
export const ApplicationSchema = z.object({
  name: ApplicationNameSchema,
  ...ApplicationSettingsSchema.shape,
  configRepository: ConfigRepositorySchema,
  /** The id of its config repository at the git host, from the first signed push. Absent before that. */
  repositoryId: RepositoryIdSchema.optional(),
  createdAt: InstantSchema,
  updatedAt: InstantSchema,
});
export type Application = z.infer<typeof ApplicationSchema>;
