import * as z from 'zod';
import { PhaseError } from '../build/failure.ts';

/** JSON syntax: a block is an object, or a list of objects; labels are one more level of names. */
const JsonBlocksSchema = z.union([
  z.array(z.record(z.string(), z.unknown())),
  z.record(z.string(), z.unknown()).transform((block) => [block]),
]);

/** What stands at the top of a file of JSON. */
function blocksOf(value: unknown): Record<string, unknown>[] {
  return value === undefined ? [] : (JsonBlocksSchema.safeParse(value).data ?? []);
}

/** The first line that has the name as a key. JSON.parse keeps no positions; the line is only for the message. */
export const lineOfKey = (text: string, name: string) =>
  Math.max(1, text.split('\n').findIndex((line) => line.includes(`"${name}"`)) + 1);

/** The blocks at the top of a file of JSON. */
export function readJsonFile(text: string, file: string, phase: string): Record<string, unknown>[] {
  try {
    return blocksOf(JSON.parse(text));
  } catch (error) {
    throw new PhaseError(phase, `reading ${file}: ${error instanceof Error ? error.message : error}`);
  }
}
