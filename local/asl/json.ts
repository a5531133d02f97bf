import * as z from 'zod';

/** A JSON value, as states pass it to each other. */
export type Json = z.core.util.JSONType;

export const JsonSchema: z.ZodType<Json> = z.json();

/** Returns the size of a value as Step Functions counts it against its limits: the bytes of its UTF-8 text. */
export function jsonSize(value: Json): number {
  return Buffer.byteLength(JSON.stringify(value), 'utf8');
}

/** Returns true for objects that are neither arrays nor null. */
export function isJsonObject(value: Json): value is { [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
