import { chmod, cp, readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';

export interface AssetDirectory {
  /** Returns the directory with an asset's files, for reading only. */
  layOut(assetPath: string): Promise<string>;
}

/**
 * Lays assets out below `directory`, each once for all builds and always at the same path, so that their programs are
 * compiled and loaded only once. Files of an earlier run are replaced.
 */
export function createAssetDirectory(directory: string): AssetDirectory {
  const laidOut = new Map<string, Promise<string>>();

  async function copy(assetPath: string): Promise<string> {
    const target = join(directory, basename(assetPath));
    await rm(target, { recursive: true, force: true });
    await cp(assetPath, target, { recursive: true });
    // Read-only, because a build that changed a file here would change it for all later builds.
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
