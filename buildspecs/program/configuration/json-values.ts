import * as z from 'zod';
import { PhaseError } from '../build/failure.ts';

/** The engine takes a list of objects as well as one. */
const ValuesSchema = z.union([
  z.array(z.record(z.string(), z.unknown())),
  z.record(z.string(), z.unknown()).transform((values) => [values]),
]);

interface JsonValue {
  readonly name: string;
  readonly value: unknown;
  /** 1-based. */
  readonly line: number;
}

/** The values of a `*.tfvars.json` file. Throws PhaseError. */
export const readJsonValues = (text: string, file: string): JsonValue[] =>
  (ValuesSchema.safeParse(parse(text, file)).data ?? [])
    .flatMap((values) => Object.entries(values))
    .map(([name, value]) => ({ name, value, line: lineOf(name, text) }));

function parse(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new PhaseError('variables', `reading ${file}: ${error instanceof Error ? error.message : error}`);
  }
}

/** The first line that has the name as a key. JSON.parse keeps no positions; the line is only for messages. */
const lineOf = (name: string, text: string): number =>
  Math.max(1, text.split('\n').findIndex((line) => line.includes(`"${name}"`)) + 1);
