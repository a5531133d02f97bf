import * as z from 'zod';
import { RoleArnSchema } from '../../names.ts';

/** Name of a Terraform output. */
const OutputNameSchema = z.string().regex(/^[A-Za-z_][A-Za-z0-9_-]{0,127}$/, 'the name of a Terraform output');

/** Setting `dns` of an environment: where its hostname lives, and by which outputs Terraform says what it points to. */
export const DnsSettingsSchema = z.strictObject({
  zone: z
    .strictObject({
      /** Absent: the nearest public zone that contains the hostname. */
      id: z
        .string()
        .regex(/^Z[A-Z0-9]{1,31}$/, 'the id of a hosted zone, like Z0123456789ABC')
        .optional(),
      /** A role of the zone's own account, where that is not the environment's. */
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
