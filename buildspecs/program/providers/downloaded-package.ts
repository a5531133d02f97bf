import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { LockedProvider } from './lock-file.ts';
import { packedPath } from './mirror.ts';

/** A package of a provider on this machine. */
export interface DownloadedPackage {
  readonly file: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** What a packed mirror has for one provider of a lock file. */
export type Finding =
  | { readonly outcome: 'absent'; readonly file: string }
  | (DownloadedPackage & { readonly outcome: 'as locked' | 'not as locked' });

/** Looks for the package of a platform in a packed mirror, and compares it with the hashes `zh:` of the lock file. */
export async function findPackage(mirror: string, provider: LockedProvider, platform: string): Promise<Finding> {
  const file = packedPath(mirror, provider, platform);
  const found = await stat(file).catch(() => undefined);
  if (!found?.isFile()) return { outcome: 'absent', file };
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  const sha256 = hash.digest('hex');
  const isLocked = provider.zipHashes.includes(sha256);
  return { outcome: isLocked ? 'as locked' : 'not as locked', file, sha256, bytes: found.size };
}
