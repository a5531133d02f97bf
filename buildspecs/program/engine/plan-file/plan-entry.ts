import type * as z from 'zod';
import type { PlanArchive } from './plan-archive.ts';
import { PlanFileError } from './plan-file-error.ts';
import { decodeText } from './strict-text.ts';

/** Returns the bytes of an entry that every plan file has. Throws PlanFileError. */
export function readEntry(archive: PlanArchive, name: string, mostBytes = Number.POSITIVE_INFINITY): Buffer {
  const entry = archive.get(name);
  if (!entry) throw new PlanFileError(`the plan file has no entry "${name}"`);
  if (entry.size > mostBytes) {
    throw new PlanFileError(`the entry "${name}" of the plan file has more than ${mostBytes} bytes`);
  }
  return entry.read();
}

export function readTextEntry(archive: PlanArchive, name: string, mostBytes = Number.POSITIVE_INFINITY): string {
  const text = decodeText(readEntry(archive, name, mostBytes));
  if (text === undefined) throw new PlanFileError(`the entry "${name}" of the plan file is no text`);
  return text;
}

/**
 * Parses an entry of JSON, which takes many times its bytes in memory. Throws PlanFileError, which quotes nothing from
 * the entry, because states contain secrets.
 */
export function parseEntry<Schema extends z.ZodType>(
  archive: PlanArchive,
  name: string,
  schema: Schema,
  mostBytes: number,
): z.output<Schema> {
  const text = readTextEntry(archive, name, mostBytes);
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw new PlanFileError(`the entry "${name}" of the plan file is no JSON`);
  }
  const { data, error } = schema.safeParse(content);
  if (error) {
    const path = error.issues[0]?.path.map(String).join('.') ?? '';
    throw new PlanFileError(
      `the entry "${name}" of the plan file is not what an engine writes (${path || 'all of it'})`,
    );
  }
  return data;
}
