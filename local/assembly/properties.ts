import * as z from 'zod';
import type { Resource } from '../services/local-service.ts';

/** CloudFormation takes `true` and `"true"` alike. */
export const BooleanProperty = z.union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')]);

/** CloudFormation takes `30` and `"30"` alike. */
export const NumberProperty = z.union([
  z.number(),
  z
    .string()
    .regex(/^-?\d+(\.\d+)?$/)
    .transform(Number),
]);

/** Tags are accepted everywhere; nothing in the local cloud looks at them. */
export const TagsProperty = z.array(z.strictObject({ Key: z.string(), Value: z.string() })).optional();

/**
 * Parses the properties of a resource. Give a `z.strictObject`: a property that the schema does not list then fails,
 * named together with its resource, instead of being ignored.
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
