import { createHash } from 'node:crypto';
import { closeSync, openSync, readlinkSync, readSync } from 'node:fs';
import type { ContentEntry } from './module-content.ts';

/** Begins everything that is hashed. Another way to hash would begin with another text, so identities never mix. */
const FORMAT = 'stagegate-module-1';
const END = '\0';
/** Bytes of a file that are in memory at once. */
const PIECE_BYTES = 1024 * 1024;

/** Computes identities of modules. Remembers the hash of each file, because the directories of modules may overlap. */
export class ContentHashes {
  private readonly known = new Map<string, string>();
  private readonly piece = Buffer.allocUnsafe(PIECE_BYTES);

  /**
   * Returns the identity of a module with this content, in hexadecimal digits. Every field ends with a NUL byte, which
   * no path and no target contains, so two contents never give the same bytes. `entries`: sorted by path.
   */
  identityOf(entries: readonly ContentEntry[]): string {
    const hash = createHash('sha256').update(`${FORMAT}${END}`);
    for (const entry of entries) {
      const value = entry.kind === 'link' ? readlinkSync(entry.place, 'buffer') : this.hashOf(entry.place);
      hash.update(`${entry.kind}${END}`).update(entry.path).update(END).update(value).update(END);
    }
    return hash.digest('hex');
  }

  private hashOf(place: Buffer): string {
    const key = place.toString('latin1');
    const found = this.known.get(key) ?? this.read(place);
    this.known.set(key, found);
    return found;
  }

  private read(place: Buffer): string {
    const hash = createHash('sha256');
    const file = openSync(place, 'r');
    try {
      for (let size = readSync(file, this.piece); size > 0; size = readSync(file, this.piece))
        hash.update(this.piece.subarray(0, size));
    } finally {
      closeSync(file);
    }
    return hash.digest('hex');
  }
}
