import * as z from 'zod';

export type Json = z.infer<ReturnType<typeof z.json>>;
export type JsonObject = { [key: string]: Json };

/** Returns the value if it is an object, otherwise an empty one. */
export const recordOf = (value: Json | undefined): JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};

/** Returns a constant of ours as plain JSON. */
export const plainOf = (value: unknown): JsonObject => recordOf(z.json().parse(value ?? {}));
