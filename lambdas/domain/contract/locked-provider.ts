import * as z from 'zod';
import { Sha256Schema } from '../names.ts';

/** A provider as the lock file of the commit pins it. */
export const LockedProviderSchema = z.object({
  address: z.string().max(300),
  version: z.string().max(100),
  /** SHA-256 of the provider's hashes in the lock file. Other hashes mean another provider. */
  fingerprint: Sha256Schema,
});
export type LockedProvider = z.infer<typeof LockedProviderSchema>;
