import { createHash } from 'node:crypto';
import { DIRECTORY_MODE, fileMode, OTHERS_MAY_WRITE } from './modes.ts';

/** Bytes of a gzipped tar archive, with their SHA-256. */
export interface Archive {
  readonly bytes: Buffer;
  readonly sha256: Buffer;
}

/** The time of every packed file, so that equal contents give equal bytes, whenever they were written. */
const WRITTEN_AT = new Date('2020-01-01T00:00:00Z');

/** A map that stays empty. With a real one, tar would pack the second name of a file as a link to the first. */
class NothingKept<Key, Value> extends Map<Key, Value> {
  override set(): this {
    return this;
  }
}

/**
 * Packs files, links and directories below `directory` under their paths relative to it, directories without their
 * contents. Symbolic links are packed as links. A file with several names is packed as a file under each of them.
 */
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
      onWriteEntry({ stat }) {
        if (stat) stat.mode = settled(stat.isDirectory(), stat.mode);
      },
    },
    [...names].sort(),
  );
  // Several files are read at once. The loop throws the first read error; errors after it would have no listener.
  archive.on('error', () => undefined);
  for await (const chunk of archive) {
    const bytes = Buffer.from(chunk);
    hash.update(bytes);
    chunks.push(bytes);
  }
  return { bytes: Buffer.concat(chunks), sha256: hash.digest() };
}

/** Directories in the deepest path: the operating system takes no longer path. By default, tar refuses half as many. */
const DEEPEST = 4096;

const settled = (isDirectory: boolean, mode = 0): number => (isDirectory ? DIRECTORY_MODE : fileMode(mode));

/**
 * Unpacks an archive below `directory`, under the names and with the modes with which it was packed. A name that leads
 * out of `directory` is an error. Works synchronously: after an error, nothing would tell when files that are being
 * written are finished.
 */
export async function unpack(bytes: Buffer, directory: string): Promise<void> {
  const { extract } = await import('tar');
  const archive = extract({
    cwd: directory,
    dmode: DIRECTORY_MODE,
    preserveOwner: false,
    strict: true,
    sync: true,
    maxDepth: DEEPEST,
    onReadEntry(entry) {
      entry.mode = settled(entry.type === 'Directory', entry.mode);
    },
  });
  // The library leaves modes to the umask. As it works synchronously, nothing else is written with this one.
  const before = process.umask(OTHERS_MAY_WRITE);
  try {
    archive.end(bytes);
  } finally {
    process.umask(before);
  }
}

/** An entry as its archive describes it. */
export interface ArchiveEntry {
  readonly path: string;
  /** Type in the words of tar: `File`, `SymbolicLink`, `Directory` … */
  readonly type: string;
  readonly size: number;
}

/** Bytes of the header that every entry has, also one without contents. */
const HEADER_BYTES = 512;

/** Bytes of an archive that are decompressed at once. By gzip they can become a thousand times as many in memory. */
const PIECE_BYTES = 64 * 1024;

/**
 * Checks every entry without unpacking anything. Stops at the first entry to which `objectionTo` objects, or with which
 * the total exceeds `mostBytes`. Returns the objection, or undefined. Throws if the bytes are not an archive.
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
      total += HEADER_BYTES + entry.size;
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
