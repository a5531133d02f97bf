import * as z from 'zod';
import { RoleArnSchema } from '../../names.ts';

/** Name of a Terraform output. */
const OutputNameSchema = z.string().regex(/^[A-Za-z_][A-Za-z0-9_-]{0,127}$/, 'the name of a Terraform output');

/**
 * Setting `dns` of an environment: the zone of its hostname, and the Terraform outputs that say what the hostname
 * points to.
 */
export const DnsSettingsSchema = z.strictObject({
  zone: z
    .strictObject({
      /** Id of the zone. When absent, it is the nearest public zone that contains the hostname. */
      id: z
        .string()
        .regex(/^Z[A-Z0-9]{1,31}$/, 'the id of a hosted zone, like Z0123456789ABC')
        .optional(),
      /** A role in the zone's account, when that is not the environment's account. */
      roleArn: RoleArnSchema.optional(),
    })
    .optional(),
  record: z.discriminatedUnion('kind', [
    /** A load balancer by its DNS name and its zone id. */
    z.strictObject({ kind: z.literal('alias'), nameOutput: OutputNameSchema, zoneIdOutput: OutputNameSchema }),
    /** Any host by its DNS name. */
    z.strictObject({
      kind: z.literal('cname'),
      nameOutput: OutputNameSchema,
      ttl: z.int().min(1).max(86_400).default(300),
    }),
  ]),
});
export type DnsSettings = z.infer<typeof DnsSettingsSchema>;
