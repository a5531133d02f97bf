import * as z from 'zod';
import type { Resource } from '../services/local-service.ts';

/** A boolean property: CloudFormation accepts both `true` and `"true"`. */
export const BooleanProperty = z.union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')]);

/** A number property: CloudFormation accepts both `30` and `"30"`. */
export const NumberProperty = z.union([
  z.number(),
  z
    .string()
    .regex(/^-?\d+(\.\d+)?$/)
    .transform(Number),
]);

/** Tags are accepted on every resource; the local cloud does not use them. */
export const TagsProperty = z.array(z.strictObject({ Key: z.string(), Value: z.string() })).optional();

/**
 * Parses the properties of a resource. Pass a `z.strictObject`: then a property that the schema does not list is an
 * error that names the property and the resource, instead of being ignored.
 */
export function parseProperties<T extends z.ZodType>(resource: Resource, schema: T): z.infer<T> {
  const parsed = schema.safeParse(resource.properties);
  if (!parsed.success) {
    throw new Error(
      `properties the local cloud does not support or that are malformed:\n${z.prettifyError(parsed.error)}`,
    );
  }
  return parsed.data;
}
