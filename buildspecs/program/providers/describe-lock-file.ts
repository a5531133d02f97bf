import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
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

/** Returns the text of a directory's lock file, or undefined if there is none. */
export function textOfLockFile(directory: string): string | undefined {
  const file = join(directory, LOCK_FILE);
  return statSync(file, { throwIfNoEntry: false })?.isFile() ? readFileSync(file, 'utf8') : undefined;
}

/**
 * Returns what the lock file pins after `init`. `committed` is its text before `init`. Returns undefined if it cannot be
 * read or pins too many providers: then nobody takes these providers as proven.
 */
export async function describeLockFile(
  directory: string,
  committed: string | undefined,
): Promise<LockFile | undefined> {
  try {
    const [before, providers] = await Promise.all([
      readLockFile(LOCK_FILE, committed ?? ''),
      readLockFile(LOCK_FILE, textOfLockFile(directory) ?? ''),
    ]);
    const pinned = new Set(before.map(nameOf));
    const isCommitted = committed !== undefined && providers.every((provider) => pinned.has(nameOf(provider)));
    return LockFileSchema.safeParse({ isCommitted, providers: describeLocked(providers) }).data;
  } catch (error) {
    if (error instanceof LockFileError) return undefined;
    throw error;
  }
}

const nameOf = ({ address, version }: Locked): string => `${address} ${version}`;
