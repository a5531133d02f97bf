import * as z from 'zod';
import { applicationPath } from '../links.ts';
import { type Application, ConfigRepositorySchema } from '../model/application.ts';
import { RepositoryIdSchema } from '../names.ts';
import { SafeguardSettingsSchema } from '../plan/safeguards-schema.ts';
import {
  DEFAULT_PROOF_POLICY,
  ephemeralPolicy,
  ProofPolicySchema,
  policyFor,
  type Stage,
  StagePolicySchema,
} from '../policy.ts';

/** An application as the API shows it. The policy is the policy in force, including defaults. */
export const ApplicationViewSchema = z
  .object({
    name: z.string(),
    client: z.string(),
    configRepository: ConfigRepositorySchema,
    repositoryId: RepositoryIdSchema.optional(),
    engine: z.enum(['terraform', 'opentofu']),
    engineVersion: z.string().optional(),
    serviceDiscoveryDomain: z.string().optional(),
    pipeline: z.array(z.string()),
    policy: z.object({
      development: StagePolicySchema,
      staging: StagePolicySchema,
      production: StagePolicySchema,
      ephemeral: StagePolicySchema,
      proof: ProofPolicySchema,
    }),
    ignoredSubmodules: z.array(z.string()).optional(),
    safeguards: SafeguardSettingsSchema.optional(),
    createdAt: z.string(),
    updatedAt: z.string(),
    links: z.object({
      self: z.string(),
      pipeline: z.string(),
      environments: z.string(),
      ephemeralEnvironments: z.string(),
      releases: z.string(),
      approvers: z.string(),
    }),
  })
  .meta({ id: 'Application' });
export type ApplicationView = z.input<typeof ApplicationViewSchema>;

export function showApplication(application: Application): ApplicationView {
  const self = applicationPath(application.name);
  const policy = (stage: Stage) => policyFor(stage, application.policy);
  return {
    ...application,
    policy: {
      development: policy('development'),
      staging: policy('staging'),
      production: policy('production'),
      ephemeral: ephemeralPolicy(application.policy),
      proof: { ...DEFAULT_PROOF_POLICY, ...application.policy?.proof },
    },
    links: {
      self,
      pipeline: `${self}/pipeline`,
      environments: `${self}/environments`,
      ephemeralEnvironments: `${self}/ephemeral-environments`,
      releases: `${self}/releases`,
      approvers: `${self}/approvers`,
    },
  };
}
