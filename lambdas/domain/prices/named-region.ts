import { type JsonRecord, textOf } from '../json-value.ts';
import { valuesAt } from './values-at.ts';

const REGION = '[a-z]{2,4}(?:-[a-z]+)+-[0-9]+';
const WHOLE = new RegExp(`^${REGION}$`);
const IN_ARN = new RegExp(`^arn:[^:]+:[^:]*:(${REGION}):`);
/** `us-east-1a`, or a place outside of the region's own zones: `us-east-1-bos-1a`, `us-east-1-wl1-bos-wlz-1`. */
const IN_ZONE = new RegExp(`^(${REGION})(?:[a-z]|(-[a-z0-9]+)+)$`);

/**
 * Attributes whose ARN is of the resource itself, or of something that has to be in the same region. Other ARNs may be
 * of another region: the source of a replica, the target of an event.
 */
const ARNS = [
  ...['arn', 'id', 'cluster', 'cluster_arn', 'kms_key_arn', 'kms_key_id', 'kms_master_key_id', 'layers'],
  ...['load_balancer_arn', 'snapshot_identifier', 'target_group_arn', 'target_group_arns', 'task_definition'],
  ...['notification_topic_arn', 'performance_insights_kms_key_id', 'load_balancer.target_group_arn'],
  // Keys in blocks. Those of replicas are elsewhere.
  ...['root_block_device.kms_key_id', 'ebs_block_device.kms_key_id', 'encrypt_at_rest.kms_key_id'],
  ...['server_side_encryption.kms_key_arn', 'encryption_config.provider.key_arn'],
  'encryption_info.encryption_at_rest_kms_key_arn',
];
const ZONES = [
  'availability_zone',
  'availability_zones',
  'preferred_availability_zones',
  'preferred_cache_cluster_azs',
];

/** A region, and what had to be assumed about it, if anything. */
export interface Place {
  readonly region: string;
  readonly assumed?: string;
}

export const isRegion = (value: unknown): value is string => typeof value === 'string' && WHOLE.test(value);

/** Returns the region that the values of a resource of AWS name: its own, or that of an ARN or a zone. */
export function regionNamedBy(type: string, values: JsonRecord): Place | undefined {
  if (!type.startsWith('aws_')) return undefined;
  if (isRegion(values.region)) return { region: values.region };
  for (const arn of textsAt(values, ARNS)) {
    const region = IN_ARN.exec(arn)?.[1];
    if (region) return { region };
  }
  for (const zone of textsAt(values, ZONES)) {
    const [, region, outside] = IN_ZONE.exec(zone) ?? [];
    if (region) return outside ? { region, assumed: `zone ${zone} priced as region ${region}` } : { region };
  }
  return undefined;
}

const textsAt = (values: JsonRecord, names: readonly string[]): string[] =>
  names
    .flatMap((name) => valuesAt(values, name))
    .map(({ value }) => textOf(value))
    .filter((text) => text !== undefined);
