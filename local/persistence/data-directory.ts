import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** Where one local cloud keeps its files while it runs. */
export interface DataDirectory {
  readonly path: string;
  /** True for `--data`: what is in it is found again at the next start. */
  readonly isKept: boolean;
  /** Gives the directory free; a temporary one is deleted. */
  release(): void;
}

/** Takes `--data DIR` for this process alone, or makes a temporary directory when none is given. */
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
 * Holds an exclusive lock of the operating system (through SQLite) on a file in the directory. Unlike a file with a
 * process id in it, it vanishes with the process, however that ends.
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
