import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import * as z from 'zod';

/** What the local cloud does not read: the construct tree, reports, compiled functions. */
const UNUSED = /^(?:tree\.json|validation-report\.json|.*\.metadata\.json|cdk\.out)$|^\.compile-cache(?:\/|$)/;

/** The window spans the whole assembly (32 MB), because each function has its own copy of the same libraries. */
const COMPRESSION = {
  [constants.ZSTD_c_compressionLevel]: 19,
  [constants.ZSTD_c_windowLog]: 26,
  [constants.ZSTD_c_enableLongDistanceMatching]: 1,
};

const HeaderSchema = z.tuple([z.string(), z.int()]);

/** Returns the files of a cloud assembly in one compressed text: before each file a line with its path and length. */
export function packAssembly(directory: string): Buffer {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .filter((path) => !UNUSED.test(path))
    // Files with the same name have much in common.
    .sort((one, other) => basename(one).localeCompare(basename(other)) || one.localeCompare(other));
  const parts = files.flatMap((path) => {
    const content = readFileSync(join(directory, path));
    return [Buffer.from(`${JSON.stringify([path, content.length])}\n`), content];
  });
  return zstdCompressSync(Buffer.concat(parts), { params: COMPRESSION });
}

interface PackedFile {
  readonly path: string;
  readonly content: Buffer;
}

/** Returns the files of a packed assembly. */
export function filesOf(packed: Buffer): PackedFile[] {
  const whole = zstdDecompressSync(packed);
  const files: PackedFile[] = [];
  let at = 0;
  while (at < whole.length) {
    const end = whole.indexOf('\n', at);
    const [path, length] = HeaderSchema.parse(JSON.parse(whole.toString('utf8', at, end)));
    at = end + 1 + length;
    files.push({ path, content: whole.subarray(end + 1, at) });
  }
  return files;
}

/** Writes the files of a packed assembly into a directory. */
export function unpackAssembly(packed: Buffer, directory: string): void {
  for (const { path, content } of filesOf(packed)) {
    mkdirSync(join(directory, dirname(path)), { recursive: true });
    writeFileSync(join(directory, path), content);
  }
}
