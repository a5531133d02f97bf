import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** The directory where one local cloud keeps its files while it runs. */
export interface DataDirectory {
  readonly path: string;
  /** True for `--data`: the contents are used again at the next start. */
  readonly isKept: boolean;
  /** Releases the directory; a temporary one is deleted. */
  release(): void;
}

/** Locks `--data DIR` for this process alone, or makes a temporary directory when none is given. */
export function openDataDirectory(path: string | undefined): DataDirectory {
  if (path === undefined) {
    const temporary = mkdtempSync(join(tmpdir(), 'stagegate-'));
    const remove = (): void => rmSync(temporary, { recursive: true, force: true, maxRetries: 5 });
    process.once('exit', remove);
    return {
      path: temporary,
      isKept: false,
      release() {
        process.off('exit', remove);
        remove();
      },
    };
  }
  mkdirSync(path, { recursive: true });
  const unlock = lockDirectory(path);
  return { path, isKept: true, release: unlock };
}

/**
 * Takes an exclusive lock of the operating system (through SQLite) on a file in the directory. Unlike a file that
 * contains a process id, the lock ends with the process, no matter how the process ends.
 */
function lockDirectory(path: string): () => void {
  const lock = new DatabaseSync(join(path, 'lock.sqlite'));
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE;');
  } catch (error) {
    lock.close();
    throw new Error(`data directory ${path} is in use by another local cloud: stop that one, or give another --data`, {
      cause: error,
    });
  }
  return () => lock.close();
}
