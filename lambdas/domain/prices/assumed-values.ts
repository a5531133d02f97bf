import { isBlank, isRecord, type JsonRecord, listOf, numberOf, recordOf } from '../json-value.ts';

/** A value assumed for an attribute that the plan does not give, or does not know before the apply. */
export interface Assumption {
  readonly attribute: string;
  readonly value: string;
}

type Assume = (values: JsonRecord) => unknown;
type Defaults = Readonly<Record<string, unknown | Assume>>;

/** Defaults of instances' root and data volumes, as AWS makes them when nothing is specified. */
const VOLUME: Defaults = { volume_type: 'gp2', volume_size: 8 };
const isProvisioned = (type: unknown): boolean => type === 'io1' || type === 'io2';

/** What AWS or the provider uses when an attribute is left out. Functions get the values that are given so far. */
const DEFAULTS: Readonly<Record<string, Defaults>> = {
  aws_alb: { load_balancer_type: 'application' },
  aws_lb: { load_balancer_type: 'application' },
  aws_instance: { root_block_device: [{}], associate_public_ip_address: false },
  aws_ebs_volume: {
    type: 'gp2',
    size: 8,
    iops: ({ type }: JsonRecord) => (isProvisioned(type) ? 100 : 0),
    throughput: 0,
  },
  aws_ebs_snapshot: { volume_size: 8 },
  aws_db_instance: {
    multi_az: false,
    storage_type: ({ iops }: JsonRecord) => ((numberOf(iops) ?? 0) > 0 ? 'io1' : 'gp2'),
    allocated_storage: ({ storage_type }: JsonRecord) => (isProvisioned(storage_type) ? 100 : 20),
    iops: ({ storage_type }: JsonRecord) => (isProvisioned(storage_type) ? 1000 : 0),
    storage_throughput: 0,
  },
  aws_dynamodb_table: {
    billing_mode: 'PROVISIONED',
    read_capacity: 1,
    write_capacity: 1,
    table_class: 'STANDARD',
    stream_enabled: false,
  },
  aws_ecs_service: { desired_count: 1 },
  aws_eks_node_group: {
    instance_types: ['t3.medium'],
    capacity_type: 'ON_DEMAND',
    scaling_config: [{ desired_size: 1 }],
  },
  aws_elasticache_cluster: { num_cache_nodes: 1, engine: 'redis' },
  aws_elasticache_replication_group: { engine: 'redis' },
  aws_kinesis_stream: { shard_count: 1 },
  aws_lambda_function: { architectures: ['x86_64'], memory_size: 128 },
  aws_msk_cluster: { number_of_broker_nodes: 1 },
  aws_opensearch_domain: { cluster_config: [{}] },
  aws_redshift_cluster: { number_of_nodes: 1 },
  aws_sfn_state_machine: { type: 'STANDARD' },
  aws_sns_topic: { fifo_topic: false },
  aws_sqs_queue: { fifo_queue: false },
  aws_vpc_endpoint: { vpc_endpoint_type: 'Gateway' },
};

/** The same for attributes inside blocks, for each block that exists. */
const BLOCK_DEFAULTS: Readonly<Record<string, Readonly<Record<string, Defaults>>>> = {
  aws_instance: { root_block_device: VOLUME, ebs_block_device: VOLUME },
  aws_opensearch_domain: { cluster_config: { instance_type: 'm4.large.search', instance_count: 1 } },
};

/** Attributes whose defaults are so ordinary that listing them would hide the important ones. */
const UNREMARKABLE = new Set([
  'iops',
  'throughput',
  'storage_throughput',
  'stream_enabled',
  'fifo_queue',
  'fifo_topic',
  'table_class',
  'type',
]);

/** Returns the values with every gap filled that decides about the price, and the assumptions that filled the gaps. */
export function withAssumedValues(type: string, given: JsonRecord): { values: JsonRecord; assumptions: Assumption[] } {
  const assumptions: Assumption[] = [];
  const top = filled(given, DEFAULTS[type] ?? {}, '', assumptions);
  const blocks = Object.entries(BLOCK_DEFAULTS[type] ?? {}).flatMap(([name, defaults]): [string, unknown][] => {
    const list = listOf(top[name]);
    return list.length === 0
      ? []
      : [[name, list.map((block) => filled(recordOf(block), defaults, `${name}.`, assumptions))]];
  });
  return { values: withFargate(type, { ...top, ...Object.fromEntries(blocks) }, assumptions), assumptions };
}

function filled(given: JsonRecord, defaults: Defaults, prefix: string, assumptions: Assumption[]): JsonRecord {
  const values: Record<string, unknown> = { ...given };
  for (const [attribute, fallback] of Object.entries(defaults)) {
    if (!isBlank(values[attribute])) continue;
    const value: unknown = typeof fallback === 'function' ? fallback(values) : fallback;
    values[attribute] = value;
    const isBlock = Array.isArray(value) && value.every(isRecord);
    if (!isBlock && !UNREMARKABLE.has(attribute))
      assumptions.push({ attribute: `${prefix}${attribute}`, value: listText(value) });
  }
  return values;
}

const listText = (value: unknown): string => (Array.isArray(value) ? value.join(', ') : String(value));

/** Completes a service that names only a Fargate capacity provider: it runs on Fargate all the same. */
function withFargate(type: string, values: JsonRecord, assumptions: Assumption[]): JsonRecord {
  if (type !== 'aws_ecs_service' || !isBlank(values.launch_type)) return values;
  const providers = listOf(values.capacity_provider_strategy).map((strategy) => recordOf(strategy).capacity_provider);
  if (!providers.some((provider) => provider === 'FARGATE' || provider === 'FARGATE_SPOT')) return values;
  if (providers.includes('FARGATE_SPOT'))
    assumptions.push({ attribute: 'capacity_provider', value: 'FARGATE at its full price, although spot is used' });
  return { ...values, launch_type: 'FARGATE' };
}
