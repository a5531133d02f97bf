import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** A named set of JSON documents by key. Each write is in the database before the call returns. */
export interface Collection<T> {
  get(key: string): T | undefined;
  put(key: string, value: T): void;
  delete(key: string): void;
  /** Returns all entries in the order of their keys. */
  entries(): [string, T][];
}

/** The storage of the local cloud's services. With `--data` it survives a killed process. */
export interface Database {
  collection<T>(name: string): Collection<T>;
  close(): void;
}

/** Opens `<directory>/local-cloud.sqlite`, or a database in memory when no directory is given. */
export function openDatabase(directory: string | undefined): Database {
  if (directory) mkdirSync(directory, { recursive: true });
  const sqlite = new DatabaseSync(directory ? join(directory, 'local-cloud.sqlite') : ':memory:');
  sqlite.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    CREATE TABLE IF NOT EXISTS documents (
      collection TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (collection, key)
    ) WITHOUT ROWID;
  `);
  const get = sqlite.prepare('SELECT value FROM documents WHERE collection = ? AND key = ?');
  const put = sqlite.prepare('INSERT OR REPLACE INTO documents (collection, key, value) VALUES (?, ?, ?)');
  const remove = sqlite.prepare('DELETE FROM documents WHERE collection = ? AND key = ?');
  const list = sqlite.prepare('SELECT key, value FROM documents WHERE collection = ? ORDER BY key');
  return {
    collection<T>(name: string): Collection<T> {
      return {
        get: (key) => {
          const row = get.get(name, key);
          return row ? (JSON.parse(String(row.value)) as T) : undefined;
        },
        put: (key, value) => void put.run(name, key, JSON.stringify(value)),
        delete: (key) => void remove.run(name, key),
        entries: () => list.all(name).map((row) => [String(row.key), JSON.parse(String(row.value)) as T]),
      };
    },
    close: () => sqlite.close(),
  };
}
