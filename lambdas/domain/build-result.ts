import * as z from 'zod';
import { AppliedSchema, EndingErrorSchema, StateAddressSchema, StateHeadSchema } from './deployment.ts';
import { InstantSchema, Sha256Schema } from './names.ts';
import { OperationSchema } from './operation.ts';

/** What builds leave in the artifact bucket: the build programs write what fits these schemas, the functions parse by them. */

const Artifact = z.object({ key: z.string(), versionId: z.string() });
const Diagnostics = EndingErrorSchema.shape.diagnostics;
/** How long a build took, and what of it each run of the engine. */
/** Locked providers that the installation's cache had or had not, and objects in it that were not what their key says. */
const ProviderCounts = z.object({ hits: z.int().min(0), misses: z.int().min(0), mismatches: z.int().min(0) });
export type ProviderCounts = z.infer<typeof ProviderCounts>;
const Seconds = z.object({ total: z.number(), engine: z.record(z.string(), z.number()) });

export const PlanSuccessSchema = z.object({
  ok: z.literal(true),
  operation: OperationSchema,
  engine: z.object({ name: z.enum(['terraform', 'tofu', 'opentofu']), version: z.string() }),
  /** Of `plan -detailed-exitcode`: 0 nothing to do, 2 something to apply. */
  exitCode: z.union([z.literal(0), z.literal(2)]),
  digest: Sha256Schema,
  bundle: Artifact,
  planJson: Artifact,
  modules: Artifact,
  /** The resolved state address. */
  backend: StateAddressSchema.extend({ type: z.literal('s3') }),
  state: StateHeadSchema.nullable(),
  createdAt: InstantSchema,
  providers: ProviderCounts.optional(),
  seconds: Seconds.optional(),
});

const Failure = z.object({
  ok: z.literal(false),
  /** A phase of the build (docs/api.md); older results know more of them. */
  phase: z.string(),
  message: z.string(),
  reason: z.string().optional(),
  diagnostics: Diagnostics,
  seconds: Seconds.optional(),
});

export const PlanResultSchema = z.discriminatedUnion('ok', [PlanSuccessSchema, Failure]);
export type PlanSuccess = z.infer<typeof PlanSuccessSchema>;
export type PlanResult = z.infer<typeof PlanResultSchema>;

export const ApplyResultSchema = z.discriminatedUnion('ok', [
  z.object({
    ok: z.literal(true),
    applied: z.literal('yes'),
    resources: z.int().min(0),
    /** Managed resources in the Terraform state after the apply. */
    resourcesLeft: z.int().min(0).optional(),
    seconds: Seconds.optional(),
  }),
  Failure.extend({ reason: z.string(), applied: AppliedSchema }),
]);

export type ApplyResult = z.infer<typeof ApplyResultSchema>;

export const analysisKey = (deploymentId: string, round: number): string =>
  `analysis/${deploymentId}/${round}/analysis.json`;
