import { crc32, inflateRawSync } from 'node:zlib';
import { fromBufferPromise } from 'yauzl';
import * as z from 'zod';
import { PlanFileError } from './plan-file-error.ts';
import { decodeText, isPlainLine } from './strict-text.ts';

/** Most bytes of all inflated entries: several times what thousands of resources need, and bearable in a build. */
const MOST_BYTES = 256 * 1024 * 1024;
const MOST_ENTRIES = 10_000;

/** An entry of a plan file. `read` returns exactly `size` bytes, or throws. */
interface PlanEntry {
  readonly size: number;
  read(): Buffer;
}

/** The entries of a plan file by name. An entry is inflated only when it is read. */
export type PlanArchive = ReadonlyMap<string, PlanEntry>;

/**
 * Opens a plan file, whoever made it. Accepts only the form that engines write, because all readers of zip archives
 * agree on that form. The engine that applies the plan could read any other form differently.
 */
export async function openPlanArchive(bytes: Buffer): Promise<PlanArchive> {
  if (bytes.length > MOST_BYTES) throw new PlanFileError(`the plan file has more than ${MOST_BYTES} bytes`);
  const directory = findDirectory(bytes);
  const archive = new Map<string, PlanEntry>();
  let directoryBytes = 0;
  let inflatedBytes = 0;
  try {
    // Engines read names as plain bytes, whatever a flag or an extra field says about them. So names are decoded below.
    const zip = await fromBufferPromise(bytes, { lazyEntries: true, autoClose: false, decodeStrings: false });
    for await (const entry of zip.eachEntry()) {
      const name = decodeName(entry.fileNameRaw);
      if (archive.has(name)) throw new PlanFileError(`the plan file has two entries "${name}"`);
      if (entry.isEncrypted()) throw new PlanFileError(`the entry "${name}" of the plan file is encrypted`);
      if (![STORED, DEFLATED].includes(entry.compressionMethod)) {
        throw new PlanFileError(
          `the entry "${name}" of the plan file is compressed in an unknown way (${entry.compressionMethod})`,
        );
      }
      if (entry.extraFields.some(({ id }) => id === ZIP64)) throw zip64();
      inflatedBytes += entry.uncompressedSize;
      if (inflatedBytes > MOST_BYTES)
        throw new PlanFileError(`the plan file inflates to more than ${MOST_BYTES} bytes`);
      directoryBytes +=
        DIRECTORY_HEADER_BYTES + entry.fileNameLength + entry.extraFieldLength + entry.fileCommentLength;
      const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
      const end = fileDataStart + entry.compressedSize;
      if (end > directory.offset) throw new PlanFileError(`the entry "${name}" of the plan file leads out of its data`);
      archive.set(name, {
        size: entry.uncompressedSize,
        read: () => inflate(name, bytes.subarray(fileDataStart, end), entry),
      });
    }
  } catch (cause) {
    if (cause instanceof PlanFileError) throw cause;
    throw new PlanFileError('the plan file is a damaged zip archive', { cause });
  }
  // Entries that the directory does not announce could be read by the engine and not here.
  if (directoryBytes !== directory.bytes) throw new PlanFileError('the directory of the plan file has a wrong length');
  return archive;
}

const STORED = 0;
const DEFLATED = 8;
const ZIP64 = 0x0001;
const DIRECTORY_HEADER_BYTES = 46;

const FIRST_ENTRY = Buffer.from('PK\x03\x04', 'latin1');
const END_OF_DIRECTORY = Buffer.from('PK\x05\x06', 'latin1');
const END_OF_DIRECTORY_BYTES = 22;
const ZIP64_LOCATOR = Buffer.from('PK\x06\x07', 'latin1');
const ZIP64_LOCATOR_BYTES = 20;

const zip64 = () => new PlanFileError('the plan file is a zip64 archive, which no engine writes');

/**
 * Finds the directory of the archive. Only the directory's end record may follow it, and nothing may come before the
 * first entry.
 */
function findDirectory(bytes: Buffer): { readonly offset: number; readonly bytes: number } {
  const end = bytes.length - END_OF_DIRECTORY_BYTES;
  const startsWith = (at: number, signature: Buffer) =>
    at >= 0 && bytes.subarray(at, at + signature.length).equals(signature);
  if (!startsWith(end, END_OF_DIRECTORY)) {
    if (isEncrypted(bytes)) throw new PlanFileError('the plan file is encrypted', { reason: 'plan-encrypted' });
    throw new PlanFileError('the plan file is no zip archive, or is cut off');
  }
  if (startsWith(end - ZIP64_LOCATOR_BYTES, ZIP64_LOCATOR)) throw zip64();
  const [disk, diskOfDirectory, entriesHere, entries] = [4, 6, 8, 10].map((at) => bytes.readUInt16LE(end + at));
  const size = bytes.readUInt32LE(end + 12);
  const offset = bytes.readUInt32LE(end + 16);
  if (disk !== 0 || diskOfDirectory !== 0 || entriesHere !== entries) {
    throw new PlanFileError('the plan file is a part of a zip archive');
  }
  if (entries === undefined || entries > MOST_ENTRIES) {
    throw new PlanFileError(`the plan file has more than ${MOST_ENTRIES} entries`);
  }
  if (offset + size !== end || !startsWith(0, FIRST_ENTRY)) {
    throw new PlanFileError('the plan file has bytes that belong to no entry');
  }
  return { offset, bytes: size };
}

const Envelope = z.object({ encryption_version: z.string().min(1) });

/** Returns whether a plan is encrypted. OpenTofu's plan encryption writes JSON. */
function isEncrypted(bytes: Buffer): boolean {
  if (bytes[0] !== '{'.charCodeAt(0)) return false;
  try {
    return Envelope.safeParse(JSON.parse(bytes.toString('utf8'))).success;
  } catch {
    return false;
  }
}

function decodeName(bytes: Buffer): string {
  const name = decodeText(bytes);
  if (name === undefined || name === '' || !isPlainLine(name)) {
    throw new PlanFileError('the plan file has an entry with a name that nobody can read');
  }
  return name;
}

interface Compressed {
  readonly compressionMethod: number;
  readonly uncompressedSize: number;
  readonly crc32: number;
}

function inflate(name: string, data: Buffer, { compressionMethod, uncompressedSize, crc32: sum }: Compressed): Buffer {
  let bytes = data;
  try {
    // One byte more than announced, so that a longer entry is noticed and not cut.
    if (compressionMethod === DEFLATED) bytes = inflateRawSync(data, { maxOutputLength: uncompressedSize + 1 });
  } catch (cause) {
    throw new PlanFileError(`the entry "${name}" of the plan file cannot be inflated`, { cause });
  }
  if (bytes.length !== uncompressedSize || crc32(bytes) !== sum) {
    throw new PlanFileError(`the entry "${name}" of the plan file is damaged`);
  }
  return bytes;
}
