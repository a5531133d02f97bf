import { createHash } from 'node:crypto';

/** Bytes of a gzipped tar archive, with their SHA-256. */
export interface Archive {
  readonly bytes: Buffer;
  readonly sha256: Buffer;
}

/** Equal contents give equal bytes, whenever they were written. */
const WRITTEN_AT = new Date('2020-01-01T00:00:00Z');

/** Of a file that is there under two names, the second would be packed as a link to the first. */
class NothingKept<Key, Value> extends Map<Key, Value> {
  override set(): this {
    return this;
  }
}

/** Packs files and links below `directory`, named by their paths from there. Symbolic links are packed as links, and every name of a file as a file. */
export async function pack(directory: string, names: readonly string[]): Promise<Archive> {
  const { create } = await import('tar');
  const hash = createHash('sha256');
  const chunks: Buffer[] = [];
  const archive = create(
    {
      cwd: directory,
      gzip: true,
      portable: true,
      mtime: WRITTEN_AT,
      noDirRecurse: true,
      strict: true,
      linkCache: new NothingKept(),
    },
    [...names].sort(),
  );
  // Several files are read at once. The first that cannot be read is told; nobody would hear of the others.
  archive.on('error', () => undefined);
  for await (const chunk of archive) {
    const bytes = Buffer.from(chunk);
    hash.update(bytes);
    chunks.push(bytes);
  }
  return { bytes: Buffer.concat(chunks), sha256: hash.digest() };
}

/**
 * Lays an archive out below `directory`, with the names it was packed under; a name that leads out of there is an error.
 * At one go: after an error, nothing of it would say when the files that it had begun are written.
 */
export async function unpack(bytes: Buffer, directory: string): Promise<void> {
  const { extract } = await import('tar');
  extract({ cwd: directory, preserveOwner: false, strict: true, sync: true }).end(bytes);
}

/** What an archive says it has under a name. */
export interface ArchiveEntry {
  readonly path: string;
  /** Of tar: `File`, `SymbolicLink`, `Directory` … */
  readonly type: string;
  readonly size: number;
}

/** Archives are unpacked into so much memory at once at most: a thousand times of it, by what gzip can do. */
const PIECE_BYTES = 64 * 1024;

/**
 * Looks at every entry without laying anything out, and ends at the first to which there is an objection, or which is more
 * than `mostBytes` with those before it. Answers the objection. Throws where the bytes are no archive.
 */
export async function objectionToArchive(
  bytes: Buffer,
  mostBytes: number,
  objectionTo: (entry: ArchiveEntry) => string | undefined,
): Promise<string | undefined> {
  const { Parser } = await import('tar');
  let objection: string | undefined;
  let total = 0;
  const parser = new Parser({
    strict: true,
    onReadEntry(entry) {
      total += entry.size;
      objection ??= total > mostBytes ? `has more than ${mostBytes} bytes` : objectionTo(entry);
      entry.resume();
    },
  });
  await new Promise<void>((resolve, reject) => {
    parser.on('ignoredEntry', () => {
      objection ??= 'has an entry of an unknown type';
    });
    parser.on('error', reject);
    parser.on('end', resolve);
    for (let at = 0; at < bytes.length && objection === undefined; at += PIECE_BYTES)
      parser.write(bytes.subarray(at, at + PIECE_BYTES));
    if (objection === undefined) parser.end();
    else resolve();
  });
  return objection;
}
