import * as z from 'zod';
import { AppliedSchema, EndingErrorSchema, StateAddressSchema, StateHeadSchema } from './deployment.ts';
import { InstantSchema, Sha256Schema } from './names.ts';
import { OperationSchema } from './operation.ts';

/** What the build scripts leave in the artifact bucket (written by `buildspecs/scripts`). */

const Artifact = z.object({ key: z.string(), versionId: z.string() });
const Diagnostics = EndingErrorSchema.shape.diagnostics;

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
});

const Failure = z.object({
  ok: z.literal(false),
  phase: z.string(),
  message: z.string(),
  diagnostics: Diagnostics,
});

export const PlanResultSchema = z.discriminatedUnion('ok', [PlanSuccessSchema, Failure]);
export type PlanSuccess = z.infer<typeof PlanSuccessSchema>;

export const ApplyResultSchema = z.discriminatedUnion('ok', [
  z.object({
    ok: z.literal(true),
    applied: z.literal('yes'),
    resources: z.int().min(0),
    /** Managed resources in the Terraform state after the apply. */
    resourcesLeft: z.int().min(0).optional(),
  }),
  Failure.extend({ reason: z.string(), applied: AppliedSchema }),
]);

export const planResultKey = (prefix: string): string => `${prefix}plan/result.json`;
export const applyResultKey = (prefix: string): string => `${prefix}apply/result.json`;
export const applyStartedKey = (prefix: string): string => `${prefix}apply/started.json`;
export const outputsKey = (prefix: string): string => `${prefix}apply/outputs.json`;
export const analysisKey = (deploymentId: string, round: number): string =>
  `analysis/${deploymentId}/${round}/analysis.json`;
