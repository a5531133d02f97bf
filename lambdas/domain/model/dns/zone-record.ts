import * as z from 'zod';

/** A record set of a hosted zone. Names are lower-case and have no dot at their end. */
export const ZoneRecordSchema = z.object({
  name: z.string(),
  type: z.string(),
  ttl: z.int().optional(),
  values: z.array(z.string()).optional(),
  /** Route 53's own kind of pointer, used in place of values. It follows a load balancer, also at the top of a zone. */
  alias: z.object({ zoneId: z.string(), name: z.string(), evaluateTargetHealth: z.boolean() }).optional(),
  /** Identifier in a routing policy; no record of Stagegate has one. */
  setIdentifier: z.string().optional(),
});
export type ZoneRecord = z.infer<typeof ZoneRecordSchema>;

/** A public hosted zone. */
export interface HostedZone {
  readonly id: string;
  readonly name: string;
  /** The name servers from which Route 53 serves the zone. A delegation has to name them. */
  readonly nameServers: readonly string[];
}

/** Returns a domain name as names are compared: without case and without the dot at the end. */
export const plainName = (name: string): string => name.toLowerCase().replace(/\.$/, '');

/**
 * Returns whether two record sets are the same in every respect. A record set in a zone may be removed only if it is
 * the same as the recorded one.
 */
export function isSameRecord(one: ZoneRecord, other: ZoneRecord): boolean {
  return JSON.stringify(fingerprint(one)) === JSON.stringify(fingerprint(other));
}

const fingerprint = ({ name, type, ttl, values, alias, setIdentifier }: ZoneRecord) => [
  ...[name, type, setIdentifier ?? null, ttl ?? null],
  values ? values.map(type === 'CNAME' ? plainName : String).sort() : null,
  alias ? [alias.zoneId, plainName(alias.name), alias.evaluateTargetHealth] : null,
];

/** Describes a record: `CNAME a.example -> b.example`. */
export function describeRecord({ name, type, values, alias }: ZoneRecord): string {
  return `${type} ${name} -> ${alias?.name ?? values?.join(', ') ?? 'nothing'}`;
}
