import * as z from 'zod';
import { Sha256Schema } from '../names.ts';
import { MOST_UNDESTROYED, UndestroyedSchema } from './destroy-settings.ts';
import { LockedProviderSchema } from './locked-provider.ts';

/** Most module calls of which a build lists the identities. Beyond it, a build says how many calls there are. */
export const MOST_MODULE_CALLS = 5000;

/** What one module call of a configuration runs: the content of the module's directory, as `init` left it. */
export const ModuleIdentitySchema = z.object({
  /** Address of the call without indexes, such as `module.web.module.logs`. */
  call: z.string().min(1).max(2000),
  /** Hash of the content of the directory; equal wherever the module comes from. */
  identity: Sha256Schema,
  /** The commit of the module's repository, where it is known. For people only; it is never compared. */
  commit: z
    .string()
    .regex(/^[0-9a-f]{40}$/)
    .optional(),
  /** Whether the module reads files outside of its directory. The identity does not cover such files. */
  readsOutside: z.literal(true).optional(),
});
export type ModuleIdentity = z.infer<typeof ModuleIdentitySchema>;

/** Most locked providers that are listed. */
export const MOST_LISTED_PROVIDERS = 200;

/** What the lock file of the planned directory pins, before code of the repository runs. */
export const LockFileSchema = z.strictObject({
  /** Whether the commit's own lock file pins all these providers; otherwise `init` chose the versions of some. */
  isCommitted: z.boolean(),
  providers: z.array(LockedProviderSchema).max(MOST_LISTED_PROVIDERS),
});
export type LockFile = z.infer<typeof LockFileSchema>;

/** Present in what the plan build lists, if the lock file could be read. */
const lockFile = LockFileSchema.optional();
/** Resources that the engine does not destroy. Absent if there are none, and in what older builds listed. */
const undestroyed = z.array(UndestroyedSchema).max(MOST_UNDESTROYED).optional();

/** The identities of all module calls, nested ones too. The list is never cut: if it would be too long, there is none. */
export const ModuleIdentitiesSchema = z.union([
  z.strictObject({ modules: z.array(ModuleIdentitySchema).max(MOST_MODULE_CALLS), lockFile, undestroyed }),
  z.strictObject({ tooMany: z.int().min(MOST_MODULE_CALLS + 1), lockFile, undestroyed }),
]);
export type ModuleIdentities = z.infer<typeof ModuleIdentitiesSchema>;
