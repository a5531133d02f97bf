import { type JsonRecord, numberOf } from '../json-value.ts';
import { HOURS_PER_MONTH } from './hours.ts';
import type { PriceRow } from './price-sheet.ts';

/** A monthly amount that depends only on use: no use, that of a plain small workload, and ten times that. */
export interface Usage {
  readonly low: number;
  readonly typical: number;
  readonly high: number;
}

interface UsageRule {
  /** Facts that a price row must have for this rule. The first rule that fits is used. */
  readonly on: Readonly<Record<string, string>>;
  readonly typical: number | ((values: JsonRecord) => number);
  /** Amount that is used in any case. */
  readonly low?: number;
  readonly high?: number;
  /** Description of the amount, for the documentation. */
  readonly what: string;
}

const MILLION = 1_000_000;
const requests = (typical: number, what = 'requests'): UsageRule => ({
  on: { service_class: 'requests' },
  typical,
  what,
});
const storage = (typical: number): UsageRule => ({ on: { service_class: 'storage' }, typical, what: 'GB stored' });
const dataProcessed: UsageRule = { on: { service_class: 'data_processed' }, typical: 100, what: 'GB processed' };
const nothing = (service_class: string, what: string): UsageRule => ({
  on: { service_class },
  typical: 0,
  high: 0,
  what,
});

/** Seconds that one invocation of a function takes. */
const INVOCATION_SECONDS = 0.2;
const MB_PER_GB = 1024;
const loadBalancer: readonly UsageRule[] = [
  { on: { service_class: 'lcu' }, typical: HOURS_PER_MONTH, what: 'LCU-hours (one capacity unit all month)' },
  dataProcessed,
];

/**
 * Assumed use, because nobody knows the real use before a month has passed. Every estimate contains the range from
 * `low` to `high`.
 */
const USAGE: Readonly<Record<string, readonly UsageRule[]>> = {
  aws_alb: loadBalancer,
  aws_api_gateway_rest_api: [requests(MILLION)],
  aws_apigatewayv2_api: [
    requests(MILLION),
    { on: { service_class: 'connection' }, typical: MILLION, what: 'connection minutes' },
  ],
  aws_cloudfront_distribution: [
    requests(MILLION),
    { on: { service_class: 'data_transfer' }, typical: 100, what: 'GB delivered' },
  ],
  aws_cloudwatch_event_bus: [requests(MILLION, 'events')],
  aws_cloudwatch_log_group: [
    { on: { service_class: 'ingestion' }, typical: 5, what: 'GB ingested' },
    storage(5),
    nothing('insights_scan', 'GB searched'),
  ],
  aws_codebuild_project: [{ on: { service_class: 'build' }, typical: 500, what: 'build minutes' }],
  aws_codepipeline: [{ on: { service_class: 'action' }, typical: 500, what: 'action minutes' }],
  aws_db_instance: [
    nothing('backup', 'GB of backups beyond the size of the database'),
    { on: { service_class: 'iops' }, typical: MILLION, what: 'I/O requests' },
  ],
  aws_dynamodb_table: [
    storage(10),
    { on: { service_class: 'requests', request_type: 'stream' }, typical: 0, high: MILLION, what: 'stream reads' },
    requests(MILLION, 'reads, and as many writes'),
    { on: { service_class: 'pitr' }, typical: 10, what: 'GB kept for point-in-time recovery' },
  ],
  aws_ebs_snapshot: [],
  aws_ebs_volume: [{ on: { service_class: 'iops' }, typical: MILLION, what: 'I/O requests' }],
  aws_ec2_transit_gateway_vpc_attachment: [dataProcessed],
  aws_ecr_repository: [storage(10)],
  aws_efs_file_system: [
    {
      on: { service_class: 'storage', storage_class: 'infrequent_access' },
      typical: 0,
      high: 100,
      what: 'GB rarely used',
    },
    storage(10),
  ],
  aws_elasticache_cluster: [nothing('backup', 'GB of backups')],
  aws_elasticache_replication_group: [nothing('backup', 'GB of backups')],
  aws_elb: loadBalancer,
  aws_instance: [
    { on: { service_class: 'root_iops' }, typical: MILLION, what: 'I/O requests' },
    { on: { service_class: 'ebs_iops' }, typical: MILLION, what: 'I/O requests' },
  ],
  aws_kinesis_stream: [requests(MILLION, 'put units')],
  aws_kms_key: [requests(100_000)],
  aws_lambda_function: [
    requests(MILLION),
    {
      on: { service_class: 'duration' },
      typical: ({ memory_size }) => (MILLION * INVOCATION_SECONDS * (numberOf(memory_size) ?? 128)) / MB_PER_GB,
      what: 'GB-seconds (a million invocations of 200 ms)',
    },
  ],
  aws_lb: loadBalancer,
  aws_nat_gateway: [dataProcessed],
  aws_rds_cluster: [
    storage(10),
    { on: { service_class: 'iops' }, typical: MILLION, what: 'I/O requests' },
    nothing('backup', 'GB of backups beyond the size of the database'),
  ],
  aws_rds_cluster_instance: [
    {
      on: { service_class: 'serverless' },
      low: HOURS_PER_MONTH / 2,
      typical: HOURS_PER_MONTH,
      high: 4 * HOURS_PER_MONTH,
      what: 'ACU-hours (half a unit, one, four)',
    },
  ],
  aws_route53_zone: [{ on: { service_class: 'queries' }, typical: MILLION, what: 'queries' }],
  aws_s3_bucket: [
    storage(100),
    { on: { service_class: 'requests', tier: '1' }, typical: 100_000, what: 'writes and lists' },
    { on: { service_class: 'requests', tier: '2' }, typical: MILLION, what: 'reads' },
  ],
  aws_scheduler_schedule: [requests(100_000, 'invocations')],
  aws_secretsmanager_secret: [requests(10_000)],
  aws_sfn_state_machine: [
    { on: { service_class: 'requests', unit: 'state_transition' }, typical: 100_000, what: 'state transitions' },
    requests(MILLION),
    { on: { service_class: 'duration' }, typical: 10, what: 'GB-hours' },
  ],
  aws_sns_topic: [
    { on: { service_class: 'delivery', protocol: 'email' }, typical: 1000, what: 'e-mails' },
    { on: { service_class: 'delivery' }, typical: 0, high: MILLION, what: 'deliveries' },
    { on: { service_class: 'payload' }, typical: 1, what: 'GB of messages' },
    requests(MILLION),
  ],
  aws_sqs_queue: [requests(MILLION)],
  aws_vpc_endpoint: [dataProcessed],
  aws_wafv2_web_acl: [requests(MILLION)],
};

const TEN_TIMES = 10;

/** Returns the amount of use with which a row is priced, or undefined when nothing is assumed for it. */
export function usageFor(type: string, row: PriceRow, values: JsonRecord): Usage | undefined {
  const rules = Object.hasOwn(USAGE, type) ? USAGE[type] : undefined;
  const rule = rules?.find(({ on }) => Object.entries(on).every(([key, value]) => row.facts.get(key) === value));
  if (!rule) return undefined;
  const typical = typeof rule.typical === 'function' ? rule.typical(values) : rule.typical;
  return { low: rule.low ?? 0, typical, high: rule.high ?? typical * TEN_TIMES };
}

/** The assumptions as a table, for the documentation. */
export const USAGE_TABLE: readonly { type: string; what: string; typical: string; on: string }[] = Object.entries(
  USAGE,
).flatMap(([type, rules]) =>
  rules.map(({ what, typical, on }) => ({
    type,
    what,
    on: Object.values(on).join(' '),
    typical: typeof typical === 'function' ? `${typical({})} at 128 MB` : String(typical),
  })),
);
