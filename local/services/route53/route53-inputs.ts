import * as z from 'zod';
import { AwsError } from '../../door/wire.ts';
import { fullName } from './record-set.ts';

/** Record types that the zones of the local cloud can contain. */
const TypeSchema = z.enum(['A', 'AAAA', 'CAA', 'CNAME', 'MX', 'NS', 'SOA', 'SRV', 'TXT']);

const AliasSchema = z.object({
  zoneId: z.string(),
  name: z.string().transform(fullName),
  evaluateTargetHealth: z.boolean(),
});
const ChangeSchema = z.object({
  action: z.enum(['CREATE', 'DELETE', 'UPSERT']),
  name: z.string().transform(fullName),
  type: TypeSchema,
  ttl: z.coerce.number().int().min(0).optional(),
  values: z.array(z.string()).min(1).optional(),
  alias: AliasSchema.optional(),
  setIdentifier: z.undefined({ error: 'routing policies are not supported by the local cloud' }),
});
const ChangeInput = z.object({ id: z.string(), changes: z.array(ChangeSchema).min(1) });
export const IdInput = z.object({ id: z.string() });
export const CreateInput = z.object({
  name: z.string().min(1),
  callerReference: z.string().min(1),
  isPrivate: z.boolean(),
});
export const ByNameQuery = z.strictObject({
  dnsname: z.string().default(''),
  maxitems: z.coerce.number().int().min(1).max(100).default(100),
});
export const RecordsQuery = z.strictObject({
  name: z.string().optional(),
  type: z.string().optional(),
  maxitems: z.coerce.number().int().min(1).max(300).default(300),
});
export const queryOf = (input: unknown): unknown => z.object({ query: z.unknown() }).parse(input).query;

export function parseChanges(input: unknown): z.infer<typeof ChangeInput> {
  const parsed = ChangeInput.safeParse(input);
  if (!parsed.success) throw new AwsError('InvalidInput', z.prettifyError(parsed.error));
  const odd = parsed.data.changes.find(({ alias, values, ttl }) =>
    alias ? values !== undefined || ttl !== undefined : values === undefined || ttl === undefined,
  );
  if (odd)
    throw new AwsError(
      'InvalidInput',
      `Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords]] in Change with [Action=${odd.action}, Name=${odd.name}, Type=${odd.type}]`,
    );
  return parsed.data;
}
