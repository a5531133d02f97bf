import * as z from 'zod';
import { PhaseError } from '../build/failure.ts';

/** The engine accepts one object or a list of objects. */
const ValuesSchema = z.union([
  z.array(z.record(z.string(), z.unknown())),
  z.record(z.string(), z.unknown()).transform((values) => [values]),
]);

interface JsonValue {
  readonly name: string;
  readonly value: unknown;
  /** Line in the file, counted from 1. */
  readonly line: number;
}

/** Returns the values of a `*.tfvars.json` file. Throws PhaseError. */
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

/** Returns the first line with the name in quotes. JSON.parse keeps no positions, and the line is for messages only. */
const lineOf = (name: string, text: string): number =>
  Math.max(1, text.split('\n').findIndex((line) => line.includes(`"${name}"`)) + 1);
