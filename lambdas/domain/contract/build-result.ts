import * as z from 'zod';
import { InstantSchema, Sha256Schema } from '../names.ts';
import { OperationSchema } from '../operation.ts';
import { AddedFilesSchema } from './added-files.ts';
import { AppliedSchema } from './applied.ts';
import { CommitObjectSchema } from './commit-facts.ts';
import { LockedProviderSchema } from './locked-provider.ts';
import { MOST_LISTED_PROVIDERS } from './module-identities.ts';
import { StateAddressSchema } from './state-address.ts';
import { HiddenHeadSchema, StateHeadSchema } from './state-head.ts';

/**
 * Results that builds leave in the artifact bucket. The build programs write them to fit these schemas, and the
 * functions parse them with the same schemas.
 */

/** Cuts a text. Code of a repository runs in builds, so no text that they write is stored at unlimited length. */
const cut = (most: number) => z.string().transform((text) => text.slice(0, most));
const Artifact = z.object({ key: z.string().max(1024), versionId: z.string().max(1024) });
const Diagnostics = z
  .array(
    z.object({
      severity: cut(20),
      summary: cut(1000),
      detail: cut(4000).optional(),
      address: cut(1000).optional(),
      file: cut(1000).optional(),
      line: z.int().optional(),
    }),
  )
  .max(20)
  .optional();
/**
 * Numbers of locked providers that the installation's cache had (hits) or did not have (misses), and of cached objects
 * that were not what their key says (mismatches).
 */
const ProviderCounts = z.object({ hits: z.int().min(0), misses: z.int().min(0), mismatches: z.int().min(0) });
export type ProviderCounts = z.infer<typeof ProviderCounts>;
/** Seconds that a build took in total, and that each run of the engine took. */
const Seconds = z.object({ total: z.number(), engine: z.record(z.string(), z.number()) });

const Engine = z.object({ name: z.enum(['terraform', 'tofu', 'opentofu']), version: z.string().max(50) });
const Backend = z.object({
  type: z.literal('s3'),
  bucket: StateAddressSchema.shape.bucket.max(255),
  key: StateAddressSchema.shape.key.max(1024),
  region: StateAddressSchema.shape.region.max(50),
});
const StateHead = StateHeadSchema.extend({ lineage: StateHeadSchema.shape.lineage.max(200) });
const PlannedHead = z.union([StateHead, HiddenHeadSchema]).nullable();

export const PlanSuccessSchema = z.object({
  ok: z.literal(true),
  operation: OperationSchema,
  engine: Engine,
  /** Exit code of `plan -detailed-exitcode`: 0 nothing to do, 2 something to apply. */
  exitCode: z.union([z.literal(0), z.literal(2)]),
  digest: Sha256Schema,
  bundle: Artifact,
  planJson: Artifact,
  modules: Artifact,
  /** The resolved state address. */
  backend: Backend,
  state: PlannedHead,
  createdAt: InstantSchema,
  /** The deployed commit; absent when the source did not have it. */
  commit: CommitObjectSchema.optional(),
  added: AddedFilesSchema.optional(),
  providers: ProviderCounts.optional(),
  seconds: Seconds.optional(),
});

const Failure = z.object({
  ok: z.literal(false),
  /** A phase of the build (docs/api.md). Older results contain further phases. */
  phase: cut(50),
  message: cut(2000),
  reason: cut(100).optional(),
  diagnostics: Diagnostics,
  seconds: Seconds.optional(),
});

export const PlanResultSchema = z.discriminatedUnion('ok', [PlanSuccessSchema, Failure]);
export type PlanSuccess = z.infer<typeof PlanSuccessSchema>;
export type PlanResult = z.infer<typeof PlanResultSchema>;

/** Findings of a build that runs no code of the repository. */
export const InspectionSuccessSchema = z.object({
  ok: z.literal(true),
  operation: OperationSchema,
  engine: Engine,
  /** SHA-256 of the bundle that was inspected. */
  digest: Sha256Schema,
  planJson: Artifact,
  modules: Artifact,
  /** Address of the state that the plan file itself is for. */
  backend: Backend,
  state: StateHead.nullable(),
  added: AddedFilesSchema,
  /** SHA-256 of what is applied with the plan: the tree, and the added files. */
  content: Sha256Schema,
  /** Directories with more providers are planned, but not inspected. */
  lockedProviders: z.array(LockedProviderSchema).max(MOST_LISTED_PROVIDERS),
  providers: ProviderCounts.optional(),
  seconds: Seconds.optional(),
});
export type InspectionSuccess = z.infer<typeof InspectionSuccessSchema>;
export const InspectionResultSchema = z.discriminatedUnion('ok', [InspectionSuccessSchema, Failure]);
export type InspectionResult = z.infer<typeof InspectionResultSchema>;

export const ApplyResultSchema = z.discriminatedUnion('ok', [
  z.object({
    ok: z.literal(true),
    applied: z.literal('yes'),
    resources: z.int().min(0),
    /**
     * Number of managed resources in the Terraform state after the apply, as the build reports it. No environment ends
     * because of this number.
     */
    resourcesLeft: z.int().min(0).optional(),
    seconds: Seconds.optional(),
  }),
  Failure.extend({ reason: cut(100), applied: AppliedSchema }),
]);

export type ApplyResult = z.infer<typeof ApplyResultSchema>;

export const analysisKey = (deploymentId: string, round: number): string =>
  `analysis/${deploymentId}/${round}/analysis.json`;
