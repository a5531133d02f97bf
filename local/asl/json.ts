import * as z from 'zod';

/** A JSON value: what states pass to each other. */
export type Json = z.core.util.JSONType;

export const JsonSchema: z.ZodType<Json> = z.json();

/** Size of a value as Step Functions counts it against its limits: bytes of the UTF-8 text. */
export function jsonSize(value: Json): number {
  return Buffer.byteLength(JSON.stringify(value), 'utf8');
}

/** True for objects that are neither arrays nor null. */
export function isJsonObject(value: Json): value is { [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
