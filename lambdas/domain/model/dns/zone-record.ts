import * as z from 'zod';

/** A record set of a hosted zone. Names are lower-case, without the dot at their end. */
export const ZoneRecordSchema = z.object({
  name: z.string(),
  type: z.string(),
  ttl: z.int().optional(),
  values: z.array(z.string()).optional(),
  /** Route 53's own kind of pointer, in place of values: follows a load balancer, also at the top of a zone. */
  alias: z.object({ zoneId: z.string(), name: z.string(), evaluateTargetHealth: z.boolean() }).optional(),
  /** Of a routing policy, which no record of Stagegate has. */
  setIdentifier: z.string().optional(),
});
export type ZoneRecord = z.infer<typeof ZoneRecordSchema>;

/** A public hosted zone. */
export interface HostedZone {
  readonly id: string;
  readonly name: string;
  /** The name servers that Route 53 serves it from: what a delegation has to name. */
  readonly nameServers: readonly string[];
}

/** Domain names compare without case and without the dot at their end. */
export const plainName = (name: string): string => name.toLowerCase().replace(/\.$/, '');

/** The same record set in every respect: what may be removed as that one, and no other. */
export function isSameRecord(one: ZoneRecord, other: ZoneRecord): boolean {
  return JSON.stringify(fingerprint(one)) === JSON.stringify(fingerprint(other));
}

const fingerprint = ({ name, type, ttl, values, alias, setIdentifier }: ZoneRecord) => [
  ...[name, type, setIdentifier ?? null, ttl ?? null],
  values ? values.map(type === 'CNAME' ? plainName : String).sort() : null,
  alias ? [alias.zoneId, plainName(alias.name), alias.evaluateTargetHealth] : null,
];

/** `CNAME a.example -> b.example` */
export function describeRecord({ name, type, values, alias }: ZoneRecord): string {
  return `${type} ${name} -> ${alias?.name ?? values?.join(', ') ?? 'nothing'}`;
}
