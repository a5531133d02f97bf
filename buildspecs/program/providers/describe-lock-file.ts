import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LockedProvider } from '../../../lambdas/domain/contract/locked-provider.ts';
import { type LockFile, LockFileSchema } from '../../../lambdas/domain/contract/module-identities.ts';
import { LOCK_FILE } from '../configuration/engine-files.ts';
import { type LockedProvider as Locked, LockFileError, readLockFile } from './lock-file.ts';

/** Returns the providers for results. A fingerprint covers all hashes: another hash is another provider. */
export const describeLocked = (locked: readonly Locked[]): LockedProvider[] =>
  locked.map(({ address, version, hashes }) => ({
    address,
    version,
    fingerprint: createHash('sha256')
      .update([...hashes].sort().join('\n'))
      .digest('hex'),
  }));

/**
 * Returns what the lock file pins after `init`. Returns undefined if it cannot be read or pins too many providers: then
 * nobody takes these providers as proven.
 */
export async function describeLockFile(
  directory: string,
  { isCommitted }: { readonly isCommitted: boolean },
): Promise<LockFile | undefined> {
  const file = join(directory, LOCK_FILE);
  if (!existsSync(file)) return { isCommitted, providers: [] };
  try {
    const providers = describeLocked(await readLockFile(LOCK_FILE, readFileSync(file, 'utf8')));
    return LockFileSchema.safeParse({ isCommitted, providers }).data;
  } catch (error) {
    if (error instanceof LockFileError) return undefined;
    throw error;
  }
}
