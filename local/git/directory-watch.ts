import { type FSWatcher, statSync, watch } from 'node:fs';

interface Watched {
  /** Tells a directory from another one that has come under its name since. */
  readonly inode: number;
  readonly watcher: FSWatcher;
}

/**
 * Tells when something happens to the entries of directories. It may miss something (not every file system tells), so
 * who must know has to look now and then, too.
 */
export function watchDirectories(onChange: (name: string | null) => void): {
  /** Watches these directories, as far as they exist, and no others. */
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
      // It has just gone, or this machine watches no more directories.
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
