import { type JsonRecord, listOf, numberOf, recordOf } from '../json-value.ts';

/** Other objects that the price of an object may depend on. */
export interface Related {
  /** Values of a service's task definition; absent when the plan does not show it. */
  readonly taskDefinition?: JsonRecord;
}

const first = (value: unknown): JsonRecord => recordOf(listOf(value)[0]);

type Nodes = (values: JsonRecord) => number | undefined;
const NODES: Readonly<Record<string, Nodes>> = {
  aws_eks_node_group: ({ scaling_config }) => numberOf(first(scaling_config).desired_size),
  aws_elasticache_cluster: ({ num_cache_nodes }) => numberOf(num_cache_nodes),
  aws_elasticache_replication_group: (values) => {
    const groups = numberOf(values.num_node_groups) ?? 0;
    const replicas = numberOf(values.replicas_per_node_group);
    if (groups > 0 && replicas !== undefined) return groups * (1 + replicas);
    return numberOf(values.num_cache_clusters) ?? numberOf(values.number_cache_clusters);
  },
  aws_msk_cluster: ({ number_of_broker_nodes }) => numberOf(number_of_broker_nodes),
  aws_opensearch_domain: ({ cluster_config }) => numberOf(first(cluster_config).instance_count),
  aws_redshift_cluster: ({ number_of_nodes }) => numberOf(number_of_nodes),
};

/** Fargate's smallest task, assumed when the plan does not show the task definition. */
const SMALLEST_TASK = { cpu: 256, memory: 512 } as const;
const UNITS_PER_VCPU = 1024;
const MB_PER_GB = 1024;
/** AWS charges an RDS Proxy for at least this many vCPUs. */
const PROXY_VCPUS = 2;

/** Reads the size of a task: `"512"` and `"0.5 vCPU"` are 0.5; `"1024"` and `"1 GB"` are 1. */
function taskSize(value: unknown, perUnit: number): number | undefined {
  const text = String(value ?? '').trim();
  const [, amount, unit] = /^([\d.]+)\s*(vcpu|gb|g)?$/i.exec(text) ?? [];
  if (amount === undefined) return undefined;
  return unit ? Number(amount) : Number(amount) / perUnit;
}

export interface Quantity {
  readonly amount: number;
  /** What was assumed; present when a part of the quantity had to be assumed. */
  readonly assumed?: string;
}

const certain = (amount: number | undefined, fallback: number, what: string): Quantity =>
  amount === undefined ? { amount: fallback, assumed: `${what} ${fallback}` } : { amount };

/** Returns how many of a row's units an object has. */
export function quantityOf(
  type: string,
  unit: string | undefined,
  values: JsonRecord,
  { taskDefinition }: Related,
): Quantity {
  switch (unit) {
    case 'node_hour':
    case 'gb_month_per_node':
      return certain(Object.hasOwn(NODES, type) ? NODES[type]?.(values) : 1, 1, 'number of nodes');
    case 'vcpu_hour': {
      if (type !== 'aws_ecs_service') return { amount: PROXY_VCPUS, assumed: `vCPUs of the database ${PROXY_VCPUS}` };
      const vcpus = certain(
        taskSize(taskDefinition?.cpu, UNITS_PER_VCPU),
        SMALLEST_TASK.cpu / UNITS_PER_VCPU,
        'vCPUs of a task',
      );
      return { ...vcpus, amount: vcpus.amount * (numberOf(values.desired_count) ?? 1) };
    }
    case 'gb_hour': {
      if (type !== 'aws_ecs_service') return { amount: 1 };
      const memory = certain(
        taskSize(taskDefinition?.memory, MB_PER_GB),
        SMALLEST_TASK.memory / MB_PER_GB,
        'GB of a task',
      );
      return { ...memory, amount: memory.amount * (numberOf(values.desired_count) ?? 1) };
    }
    case 'endpoint_az_hour':
      return Array.isArray(values.subnet_ids)
        ? { amount: Math.max(1, values.subnet_ids.length) }
        : certain(undefined, 1, 'zones');
    case 'rule_hour':
      return { amount: listOf(values.rule).length };
    default:
      return { amount: 1 };
  }
}
