import { inflateRawSync } from 'node:zlib';
import * as z from 'zod';

const endOfDirectorySignature = 0x06054b50;
const endOfDirectoryBytes = 22;

/** The bytes of one entry of a zip archive, or undefined. Plan files are small zips without encryption or zip64. */
function readZipEntry(archive: Buffer, wanted: string): Buffer | undefined {
  let end = archive.length - endOfDirectoryBytes;
  while (end >= 0 && archive.readUInt32LE(end) !== endOfDirectorySignature) end--;
  if (end < 0) return undefined;
  const count = archive.readUInt16LE(end + 10);
  let at = archive.readUInt32LE(end + 16);
  for (let index = 0; index < count; index++) {
    const method = archive.readUInt16LE(at + 10);
    const compressedSize = archive.readUInt32LE(at + 20);
    const nameLength = archive.readUInt16LE(at + 28);
    const local = archive.readUInt32LE(at + 42);
    if (archive.toString('utf8', at + 46, at + 46 + nameLength) === wanted) {
      const start = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
      const bytes = archive.subarray(start, start + compressedSize);
      return method === 0 ? bytes : inflateRawSync(bytes);
    }
    at += 46 + nameLength + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
  }
  return undefined;
}

const StateSchema = z.object({ serial: z.number(), lineage: z.string() });

/** Serial and lineage of the state a plan was made for; null when there was no state yet, or the plan is encrypted. */
export function readPlannedState(plan: Buffer): { serial: number; lineage: string } | null {
  const entry = readZipEntry(plan, 'tfstate');
  if (!entry) return null;
  const { serial, lineage } = StateSchema.parse(JSON.parse(entry.toString('utf8')));
  return lineage === '' ? null : { serial, lineage };
}
