import { chmod, cp, readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';

export interface AssetDirectory {
  /** The directory with an asset's files, for reading. */
  layOut(assetPath: string): Promise<string>;
}

/**
 * Lays assets out below `directory`, each once for all builds, under a path that stays: programs in them are compiled
 * and loaded once. What an earlier run left there is replaced.
 */
export function createAssetDirectory(directory: string): AssetDirectory {
  const laidOut = new Map<string, Promise<string>>();

  async function copy(assetPath: string): Promise<string> {
    const target = join(directory, basename(assetPath));
    await rm(target, { recursive: true, force: true });
    await cp(assetPath, target, { recursive: true });
    // A build that changed something here would change it for all that follow.
    for (const entry of await readdir(target, { recursive: true, withFileTypes: true }))
      if (entry.isFile()) await chmod(join(entry.parentPath, entry.name), 0o555);
    return target;
  }

  return {
    layOut(assetPath) {
      const found = laidOut.get(assetPath);
      if (found !== undefined) return found;
      const copied = copy(assetPath);
      laidOut.set(assetPath, copied);
      copied.catch(() => laidOut.delete(assetPath));
      return copied;
    },
  };
}
