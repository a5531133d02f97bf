import * as z from 'zod';
import { CommitSchema, DeploymentIdSchema, InstantSchema, ReleaseNumberSchema } from '../../names.ts';
import { OperationSchema } from '../../operation.ts';
import { RequesterSchema } from '../deployment.ts';

/** A module call of the deployed configuration with the version that runs. */
export const ModuleVersionSchema = z.object({ call: z.string(), source: z.string(), version: z.string() });
export type ModuleVersion = z.infer<typeof ModuleVersionSchema>;

export const DeployedSchema = z.object({
  /** Absent in an ephemeral environment. */
  release: ReleaseNumberSchema.optional(),
  commit: CommitSchema,
  deploymentId: DeploymentIdSchema,
  at: InstantSchema,
  modules: z.array(ModuleVersionSchema),
  /** Whether the deployment had nothing to change here; absent where that was not recorded. */
  passed: z.boolean().optional(),
});

export const HoldSchema = z.object({ reason: z.string(), by: RequesterSchema, at: InstantSchema });

/** How the last deployment that succeeded or failed has ended. */
export const VerdictSchema = z.object({
  status: z.enum(['succeeded', 'failed']),
  deploymentId: DeploymentIdSchema,
  at: InstantSchema,
});

export const QueueEntrySchema = z.object({
  deploymentId: DeploymentIdSchema,
  /** In an ephemeral environment, this is the deployment's own number (`orderOf`). */
  release: ReleaseNumberSchema,
  operation: OperationSchema,
});
