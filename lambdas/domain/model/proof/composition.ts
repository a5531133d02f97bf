import * as z from 'zod';
import { DeploymentIdSchema, Sha256Schema } from '../../names.ts';
import { SubjectSchema } from './subject.ts';

/** Module calls of a plan that are the same in all that counts for the proof. */
export const ComposedModuleSchema = z.object({
  /** Absent when no build has listed it: such a module is proven nowhere. */
  identity: Sha256Schema.optional(),
  /** Source in the form in which sources are compared; for a local path in a package, the source of that package. */
  source: z.string(),
  /** What people read and nothing compares. */
  version: z.string(),
  commit: z.string().optional(),
  /** Addresses of the calls. */
  calls: z.array(z.string()).min(1),
  /** Whether anything of it stands in the environment after the apply. What is not in use is not judged, and proves nothing. */
  inUse: z.boolean(),
});
export type ComposedModule = z.infer<typeof ComposedModuleSchema>;

/**
 * What a deployment brings to its environment beside the release: modules by their content, engine, providers. It is
 * never cut: what does not fit is replaced by `missing`.
 */
export const CompositionSchema = z.object({
  deploymentId: DeploymentIdSchema,
  /** The plan of the deployment that it belongs to. */
  round: z.int().min(1),
  engine: z.object({ name: z.string(), version: z.string() }),
  modules: z.array(ComposedModuleSchema),
  /** Providers as the lock file pins them; absent where that is not known. */
  providers: z.array(z.object({ address: z.string(), version: z.string() })).optional(),
  /** Why the identities of the modules are not known. `modules` is empty then. */
  missing: z.string().optional(),
  /** What a success of this plan does not enter in the ledger, because it has not run before and nobody was asked. */
  unproven: z.array(SubjectSchema).optional(),
});
export type Composition = z.infer<typeof CompositionSchema>;
