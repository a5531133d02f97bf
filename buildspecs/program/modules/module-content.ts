import { lstatSync, readdirSync } from 'node:fs';

/** A file or link of a module. `executable` is a file that its owner may execute. */
export interface ContentEntry {
  readonly kind: 'file' | 'executable' | 'link';
  /** Path in the module's directory, with forward slashes, in the bytes of the file system. */
  readonly path: Buffer;
  /** The same file, as the operating system finds it. */
  readonly place: Buffer;
}

const SLASH = Buffer.from('/');
const DOT = '.'.charCodeAt(0);
/** As git, only the owner's bit counts: the others depend on the machine that unpacked the files. */
const OWNER_MAY_EXECUTE = 0o100;

const joined = (directory: Buffer, name: Buffer) => Buffer.concat([directory, SLASH, name]);

/**
 * Lists the content of a module's directory, sorted by the bytes of the paths. Names that begin with a dot are left out
 * at any depth: the engine drops them when it installs a package a second time. Links are not followed. Empty
 * directories, sockets and the like do not count. Names are bytes, because not every name is text.
 */
export function listContent(directory: string, isLeftOut: (place: Buffer) => boolean): ContentEntry[] {
  const entries: ContentEntry[] = [];
  const open = [{ place: Buffer.from(directory), path: Buffer.alloc(0) }];
  for (let at = open.pop(); at; at = open.pop()) {
    for (const entry of readdirSync(at.place, { withFileTypes: true, encoding: 'buffer' })) {
      const { name } = entry;
      const place = joined(at.place, name);
      if (name[0] === DOT || isLeftOut(place)) continue;
      const path = at.path.length === 0 ? name : joined(at.path, name);
      if (entry.isDirectory()) open.push({ place, path });
      else if (entry.isSymbolicLink()) entries.push({ kind: 'link', path, place });
      else if (entry.isFile()) entries.push({ kind: isExecutable(place) ? 'executable' : 'file', path, place });
    }
  }
  return entries.sort((one, other) => Buffer.compare(one.path, other.path));
}

const isExecutable = (place: Buffer): boolean => (lstatSync(place).mode & OWNER_MAY_EXECUTE) !== 0;
