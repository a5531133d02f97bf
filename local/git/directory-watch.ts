import { type FSWatcher, statSync, watch } from 'node:fs';

interface Watched {
  /** Distinguishes a directory from a newer one with the same name. */
  readonly inode: number;
  readonly watcher: FSWatcher;
}

/**
 * Reports changes of the entries of directories. It may miss a change, because not every file system reports all of
 * them: a caller that needs every change must also look from time to time.
 */
export function watchDirectories(onChange: (name: string | null) => void): {
  /** Watches these directories if they exist, and stops watching all others. */
  watch(paths: readonly string[]): void;
  stop(): void;
} {
  const watched = new Map<string, Watched>();
  const forget = (path: string): void => {
    watched.get(path)?.watcher.close();
    watched.delete(path);
  };
  const add = (path: string, inode: number): void => {
    try {
      const watcher = watch(path, { persistent: false }, (_event, name) => onChange(name));
      watcher.on('error', () => forget(path));
      watched.set(path, { inode, watcher });
    } catch {
      // The directory has just been deleted, or this machine cannot watch any more directories.
    }
  };
  return {
    watch(paths) {
      for (const path of watched.keys()) if (!paths.includes(path)) forget(path);
      for (const path of new Set(paths)) {
        const inode = statSync(path, { throwIfNoEntry: false })?.ino;
        if (watched.get(path)?.inode === inode) continue;
        forget(path);
        if (inode !== undefined) add(path, inode);
      }
    },
    stop() {
      for (const path of [...watched.keys()]) forget(path);
    },
  };
}
