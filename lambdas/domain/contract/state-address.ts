import * as z from 'zod';

/** Where Terraform keeps the state. */
export const StateAddressSchema = z.object({ bucket: z.string(), key: z.string(), region: z.string() });
export type StateAddress = z.infer<typeof StateAddressSchema>;

/** `<bucket>/<key>` of a Terraform state. */
export const StateAddressTextSchema = z
  .string()
  .max(1100)
  .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\/(?!\/).*[^/]$/s, '<bucket>/<key> of an S3 object');

/** Endings of names under which S3 reaches a bucket other than by the bucket's own name. */
const ALIASES = ['-s3alias', '--ol-s3', '.mrap'];

/**
 * Returns why an address is not accepted, or undefined when it is. Rule 6 compares addresses as texts, so two different
 * addresses must not be one state or disturb each other. An access point is a second name for a bucket, and an object
 * whose key ends like a lock is the lock of the state beside it.
 */
export function unfitAddress(bucket: string, key: string): string | undefined {
  if (bucket.includes(':') || ALIASES.some((ending) => bucket.endsWith(ending)))
    return 'names a bucket by an access point; use the name of the bucket itself';
  if (key.endsWith('.tflock')) return 'is the lock of another state';
  if (key.split('/').some((part) => ['', '.', '..'].includes(part)))
    return 'has an empty part, "." or ".." in its key, which not everything writes alike';
  return undefined;
}
