import { describe, expect, test } from '@jest/globals';
import { type Analysis, analyzePlan } from '../../../lambdas/domain/plan/analyze-plan.ts';
import { FREE_TYPES } from '../../../lambdas/domain/prices/free-kinds.ts';
import { parsePriceSheet } from '../../../lambdas/domain/prices/price-sheet.ts';
import { analyse, block, type ChangeParts, change, planOf, recordedPlan, refersTo } from './plan-documents.ts';

type Cost = Analysis['cost'];

const costOf = (changes: ChangeParts[], region = 'us-east-1', configuration: unknown = { root_module: {} }): Cost =>
  analyse(planOf({ configuration, resource_changes: changes.map(change) }), { region }).cost;
const created = (type: string, after: unknown, more: ChangeParts = {}): ChangeParts => ({
  type,
  actions: ['create'],
  after,
  ...more,
});
const monthly = (type: string, after: unknown, region?: string): number =>
  costOf([created(type, after)], region).monthlyAfter;
const cents = (amount: number): number => Math.round(amount * 100) / 100;

const postgres = (more: Record<string, unknown> = {}) => ({
  engine: 'postgres',
  instance_class: 'db.t4g.micro',
  storage_type: 'gp3',
  allocated_storage: 50,
  multi_az: false,
  ...more,
});

/** Prices below are those of the bundled sheet; 730 hours a month. */
describe('what things cost a month', () => {
  test.each<[string, string, unknown, number]>([
    // instance 0.016 x 730 = 11.68, storage 0.115 x 50 = 5.75
    ['a small database', 'aws_db_instance', postgres(), 0.016 * 730 + 0.115 * 50],
    // instance 0.318 x 730 = 232.14, storage 0.230 x 50 = 11.50
    [
      'a database in two zones',
      'aws_db_instance',
      postgres({ instance_class: 'db.m6g.large', multi_az: true }),
      0.318 * 730 + 0.23 * 50,
    ],
    // gp3 includes 12,000 IOPS and 500 MiB/s: (13,000 - 12,000) x 0.020 and (700 - 500) x 0.080 on top
    [
      'a database with more I/O than is included',
      'aws_db_instance',
      postgres({ iops: 13_000, storage_throughput: 700 }),
      0.016 * 730 + 0.115 * 50 + 1000 * 0.02 + 200 * 0.08,
    ],
    // io1: storage 0.125 x 100, every one of the 2,000 IOPS 0.10
    [
      'a database with provisioned I/O',
      'aws_db_instance',
      postgres({ storage_type: 'io1', allocated_storage: 100, iops: 2000 }),
      0.016 * 730 + 0.125 * 100 + 2000 * 0.1,
    ],
    // 0.0104 x 730 = 7.59, root volume 8 GB of gp2 at 0.10, public address 0.005 x 730
    [
      'an instance with a public address',
      'aws_instance',
      { instance_type: 't3.micro', associate_public_ip_address: true },
      0.0104 * 730 + 8 * 0.1 + 0.005 * 730,
    ],
    // root 20 GB gp3 at 0.08; data 100 GB gp2 at 0.10 and 50 GB gp3 at 0.08: each block by its own type
    [
      'an instance with volumes of different types',
      'aws_instance',
      {
        instance_type: 't3.micro',
        root_block_device: [{ volume_type: 'gp3', volume_size: 20 }],
        ebs_block_device: [
          { volume_type: 'gp2', volume_size: 100 },
          { volume_type: 'gp3', volume_size: 50 },
        ],
      },
      0.0104 * 730 + 20 * 0.08 + 100 * 0.1 + 50 * 0.08,
    ],
    // 100 GB x 0.08; 4,000 IOPS of which 3,000 are included x 0.005; 200 MiB/s of which 125 are included x 0.04
    [
      'a fast volume',
      'aws_ebs_volume',
      { type: 'gp3', size: 100, iops: 4000, throughput: 200 },
      100 * 0.08 + 1000 * 0.005 + 75 * 0.04,
    ],
    // 0.045 x 730 = 32.85 and 100 GB x 0.045 = 4.50 assumed
    ['a NAT gateway', 'aws_nat_gateway', {}, 0.045 * 730 + 100 * 0.045],
    // 0.0225 x 730 = 16.43 and one capacity unit 0.008 x 730 = 5.84 assumed
    ['a load balancer', 'aws_lb', {}, 0.0225 * 730 + 0.008 * 730],
    // 3 nodes x 0.1264 x 730
    [
      'a Valkey group of three nodes',
      'aws_elasticache_replication_group',
      { engine: 'valkey', node_type: 'cache.m7g.large', num_cache_clusters: 3 },
      3 * 0.1264 * 730,
    ],
    // 2 shards with 2 replicas each are 6 nodes
    [
      'a sharded Valkey group',
      'aws_elasticache_replication_group',
      { engine: 'valkey', node_type: 'cache.m7g.large', num_node_groups: 2, replicas_per_node_group: 2 },
      6 * 0.1264 * 730,
    ],
    // interface endpoint in 3 zones: 3 x 0.01 x 730 and 100 GB x 0.01 assumed
    [
      'an interface endpoint in three zones',
      'aws_vpc_endpoint',
      { vpc_endpoint_type: 'Interface', subnet_ids: ['a', 'b', 'c'] },
      3 * 0.01 * 730 + 100 * 0.01,
    ],
    ['a gateway endpoint', 'aws_vpc_endpoint', {}, 0],
    // 0.50 a month and a million queries at 0.0000004
    ['a hosted zone', 'aws_route53_zone', {}, 0.5 + 1_000_000 * 0.0000004],
    // a million invocations at 0.0000002; 200 ms at 1 GB: 200,000 GB-seconds at 0.0000166667
    ['a function', 'aws_lambda_function', { memory_size: 1024 }, 0.2 + 200_000 * 0.0000166667],
    // half of that memory on ARM: 100,000 GB-seconds at 0.0000133334
    [
      'a function on ARM',
      'aws_lambda_function',
      { memory_size: 512, architectures: ['arm64'] },
      0.2 + 100_000 * 0.0000133334,
    ],
    // 10 read and 5 write units: 10 x 0.0949 + 5 x 0.4745; 10 GB x 0.25 assumed
    [
      'a provisioned table',
      'aws_dynamodb_table',
      { billing_mode: 'PROVISIONED', read_capacity: 10, write_capacity: 5 },
      10 * 0.0949 + 5 * 0.4745 + 10 * 0.25,
    ],
    // 3 brokers x 0.21 x 730 and 3 x 100 GB x 0.10
    [
      'a Kafka cluster',
      'aws_msk_cluster',
      {
        number_of_broker_nodes: 3,
        broker_node_group_info: [
          { instance_type: 'kafka.m5.large', storage_info: [{ ebs_storage_info: [{ volume_size: 100 }] }] },
        ],
      },
      3 * 0.21 * 730 + 3 * 100 * 0.1,
    ],
    // web ACL 5.00, 2 rules at 1.00, a million requests at 0.0000006
    ['a firewall with two rules', 'aws_wafv2_web_acl', { rule: [{}, {}] }, 5 + 2 + 0.6],
    ['a Kubernetes control plane', 'aws_eks_cluster', {}, 0.1 * 730],
  ])('%s', (_, type, after, expected) => {
    expect(monthly(type, after)).toBeCloseTo(expected, 1);
    expect(Math.abs(monthly(type, after) - cents(expected))).toBeLessThan(0.015);
    expect(costOf([created(type, after)])).toMatchObject({ coverage: 100, unpriced: [] });
  });

  test('prices are those of the region', () => {
    // eu-west-1: instance 0.017, storage 0.127
    expect(monthly('aws_db_instance', postgres(), 'eu-west-1')).toBe(cents(0.017 * 730 + 0.127 * 50));
  });

  test('tiers price each part of an amount', () => {
    const sheet = parsePriceSheet(
      [
        'service,product_family,match_set,pricing_match_set,price,price_type,ccy',
        'X,Y,type=aws_disk,start_usage_amount=0&end_usage_amount=100,0.10,a=values.size,USD',
        'X,Y,type=aws_disk,start_usage_amount=100&end_usage_amount=Inf,0.05,a=values.size,USD',
      ].join('\n'),
      { name: 'tiers.csv', date: '2026-01-02' },
    );
    const cost = (size: number) =>
      analyzePlan({
        plan: planOf({ resource_changes: [change(created('aws_disk', { size }))] }),
        region: 'eu-west-1',
        stage: 'staging',
        deletionProtection: false,
        priceSheet: sheet,
      }).cost;
    expect([50, 100, 101, 1000].map((size) => cost(size).monthlyAfter)).toEqual([5, 10, 10.05, 10 + 45]);
    expect(cost(50)).toMatchObject({ sheet: 'tiers.csv', sheetDate: '2026-01-02' });
  });

  test('a row for a range of provisioned amounts counts inside it only', () => {
    const sheet = parsePriceSheet(
      [
        'service,product_family,match_set,pricing_match_set,price,price_type,ccy',
        'X,Y,type=aws_disk,start_provision_amount=0&end_provision_amount=99&service_class=small,0.10,a=values.size,USD',
        'X,Y,type=aws_disk,start_provision_amount=100&end_provision_amount=Inf&service_class=large,0.05,a=values.size,USD',
      ].join('\n'),
      { name: 'provision.csv' },
    );
    const cost = (size: number) =>
      analyzePlan({
        plan: planOf({ resource_changes: [change(created('aws_disk', { size }))] }),
        region: 'eu-west-1',
        stage: 'staging',
        deletionProtection: false,
        priceSheet: sheet,
      }).cost.monthlyAfter;
    expect([50, 200].map(cost)).toEqual([5, 10]);
  });
});

describe('a service on Fargate', () => {
  const configuration = {
    root_module: {
      resources: [
        block('aws_ecs_task_definition', 'app'),
        block('aws_ecs_service', 'app', {
          expressions: { task_definition: refersTo('aws_ecs_task_definition.app.arn') },
        }),
      ],
    },
  };
  const definition = (cpu: string, memory: string, more = {}): ChangeParts =>
    created('aws_ecs_task_definition', { family: 'app', cpu, memory, ...more }, { name: 'app' });
  const service = (count: number, more: Record<string, unknown> = { launch_type: 'FARGATE' }): ChangeParts =>
    created('aws_ecs_service', { desired_count: count, ...more }, { name: 'app', unknown: { task_definition: true } });

  test('costs what its task definition asks for, times the tasks', () => {
    // 3 tasks of 0.5 vCPU at 0.04048 and 1 GB at 0.004445
    expect(costOf([definition('512', '1024'), service(3)], 'us-east-1', configuration).monthlyAfter).toBe(
      cents(3 * (0.5 * 0.04048 + 0.004445) * 730),
    );
    expect(costOf([definition('1 vCPU', '2 GB'), service(1)], 'us-east-1', configuration).monthlyAfter).toBe(
      cents((0.04048 + 2 * 0.004445) * 730),
    );
  });

  test('costs less on ARM', () => {
    const arm = definition('1024', '2048', { runtime_platform: [{ cpu_architecture: 'ARM64' }] });
    expect(costOf([arm, service(1)], 'us-east-1', configuration).monthlyAfter).toBe(
      cents((0.03238 + 2 * 0.00356) * 730),
    );
  });

  test('is found by the revision it names, whatever the configuration', () => {
    const named = created(
      'aws_ecs_service',
      { desired_count: 1, launch_type: 'FARGATE', task_definition: 'app:7' },
      { name: 'other' },
    );
    expect(costOf([definition('1024', '2048', { revision: 7 }), named]).monthlyAfter).toBe(
      cents((0.04048 + 2 * 0.004445) * 730),
    );
  });

  test('is assumed to be the smallest when its task definition is not in the plan', () => {
    const { monthlyAfter, assumptions } = costOf([
      created('aws_ecs_service', { desired_count: 1, launch_type: 'FARGATE' }),
    ]);
    expect(monthlyAfter).toBe(cents((0.25 * 0.04048 + 0.5 * 0.004445) * 730));
    expect(assumptions).toContainEqual({ text: 'aws_ecs_service: vCPUs of a task 0.25', count: 1 });
  });

  test('is one also by its capacity provider', () => {
    const provided = service(1, { capacity_provider_strategy: [{ capacity_provider: 'FARGATE_SPOT' }] });
    const { monthlyAfter, assumptions } = costOf([definition('1024', '2048'), provided], 'us-east-1', configuration);
    expect(monthlyAfter).toBe(cents((0.04048 + 2 * 0.004445) * 730));
    expect(assumptions).toContainEqual({
      text: 'aws_ecs_service: capacity_provider = FARGATE at its full price, although spot is used',
      count: 1,
    });
  });

  test('on instances costs nothing of its own', () => {
    expect(costOf([service(3, { launch_type: 'EC2' })])).toMatchObject({ monthlyAfter: 0, coverage: 100 });
  });
});

describe('before and after', () => {
  test('03: a resize in place shows its difference', () => {
    // db.t4g.micro 0.016 -> db.m6g.large 0.159: (0.159 - 0.016) x 730 = 104.39
    const { cost } = analyse(recordedPlan('03-resize-database'));
    expect(cost.monthlyDelta).toBe(cents((0.159 - 0.016) * 730));
    expect(cost.resources.find(({ delta }) => delta !== 0)).toEqual({
      address: 'module.web.aws_db_instance.this',
      type: 'aws_db_instance',
      before: cents(0.016 * 730 + 5.75),
      after: cents(0.159 * 730 + 5.75),
      delta: cents((0.159 - 0.016) * 730),
    });
  });

  test('01: the whole application', () => {
    const fargate = 2 * (0.5 * 0.04048 + 0.004445) * 730;
    const database = 0.016 * 730 + 0.115 * 50;
    const balancer = 0.0225 * 730 + 0.008 * 730;
    const logs = 5 * 0.5 + 5 * 0.03;
    const bucket = 100 * 0.023 + 100_000 * 0.000005 + 1_000_000 * 0.0000004;
    const { cost } = analyse(recordedPlan('01-create-web-app'));
    expect(cost.monthlyBefore).toBe(0);
    expect(cost.monthlyAfter).toBeCloseTo(fargate + database + balancer + logs + bucket, 1);
    expect(cost).toMatchObject({ coverage: 100, unpriced: [], currency: 'USD', region: 'us-east-1' });
  });

  test('16: what a targeted plan leaves out is still paid for', () => {
    expect(analyse(recordedPlan('16-targeted')).cost.monthlyBefore).toBe(
      analyse(recordedPlan('03-resize-database')).cost.monthlyBefore,
    );
  });

  test('a replacement is priced on both sides, a deletion ends, forgetting does not', () => {
    const volume = { type: 'gp3', size: 100 };
    const cost = costOf([
      {
        type: 'aws_ebs_volume',
        name: 'replaced',
        actions: ['delete', 'create'],
        before: volume,
        after: { ...volume, size: 200 },
      },
      { type: 'aws_ebs_volume', name: 'deleted', actions: ['delete'], before: volume },
      { type: 'aws_ebs_volume', name: 'forgotten', actions: ['forget'], before: volume },
    ]);
    expect(cost).toMatchObject({ monthlyBefore: 24, monthlyAfter: 24, monthlyDelta: 0 });
    expect(cost.resources.map(({ delta }) => delta)).toEqual([8, -8, 0]);
  });

  test('what an update leaves unknown is taken as it was', () => {
    const update: ChangeParts = {
      type: 'aws_db_instance',
      before: postgres(),
      after: { engine: 'postgres', instance_class: 'db.m6g.large', allocated_storage: 50 },
      unknown: { storage_type: true, multi_az: true },
    };
    expect(costOf([update]).monthlyAfter).toBe(cents(0.159 * 730 + 0.115 * 50));
  });

  test('totals add up to the cent', () => {
    for (const name of [
      '01-create-web-app',
      '03-resize-database',
      '06-remove-bucket-and-tighten',
      '14-count-shrinks',
    ]) {
      const { monthlyBefore, monthlyAfter, monthlyDelta } = analyse(recordedPlan(name)).cost;
      expect(monthlyDelta).toBe(cents(monthlyAfter - monthlyBefore));
    }
  });
});

describe('what is not known', () => {
  test('defaults are used and said', () => {
    // as AWS makes it: 20 GB of gp2 at 0.115, one zone
    const { monthlyAfter, assumptions } = costOf([
      created('aws_db_instance', { engine: 'postgres', instance_class: 'db.t4g.micro' }),
    ]);
    expect(monthlyAfter).toBe(cents(0.016 * 730 + 20 * 0.115));
    expect(assumptions).toEqual([
      { text: 'aws_db_instance: allocated_storage = 20', count: 1 },
      { text: 'aws_db_instance: multi_az = false', count: 1 },
      { text: 'aws_db_instance: storage_type = gp2', count: 1 },
    ]);
  });

  test('use is a range from nothing to ten times the assumption', () => {
    // NAT: 32.85 fixed; 0, 100 and 1,000 GB at 0.045
    expect(costOf([created('aws_nat_gateway', {})]).range.after).toEqual({ low: 32.85, high: 77.85 });
  });

  test('use that stays the same makes no difference at any amount', () => {
    expect(analyse(recordedPlan('03-resize-database')).cost.range.delta).toEqual({ low: 104.39, high: 104.39 });
  });

  test.each<[string, string, unknown, string]>([
    ['a kind that is not in the sheet', 'aws_gamelift_fleet', {}, 'no price for this kind'],
    [
      'a class that is not',
      'aws_db_instance',
      postgres({ instance_class: 'db.z9.colossal' }),
      'no price for its instance in us-east-1',
    ],
    [
      'an engine that is not',
      'aws_db_instance',
      postgres({ engine: 'oracle-ee' }),
      'no price for its instance in us-east-1',
    ],
    [
      'a variant that is not',
      'aws_lb',
      { load_balancer_type: 'gateway' },
      'no price for its load balancer in us-east-1',
    ],
    [
      'dedicated tenancy',
      'aws_instance',
      { instance_type: 't3.micro', tenancy: 'dedicated' },
      'no price for dedicated tenancy',
    ],
    ['another cloud', 'google_compute_instance', {}, 'no price for this kind'],
  ])('%s is listed as unpriced, with the reason', (_, type, after, why) => {
    expect(costOf([created(type, after)])).toMatchObject({
      coverage: 0,
      unpriced: [`${type}.this`],
      gaps: [{ why, types: [type], count: 1 }],
    });
  });

  test('a region the sheet does not know is said', () => {
    expect(costOf([created('aws_nat_gateway', {})], 'ap-south-1').gaps).toEqual([
      { why: 'no price in ap-south-1', types: ['aws_nat_gateway'], count: 1 },
    ]);
  });

  test('coverage counts free kinds as known', () => {
    const cost = costOf([
      created('aws_iam_role', {}),
      created('terraform_data', {}),
      created('random_id', {}),
      created('aws_gamelift_fleet', {}),
    ]);
    expect(cost.coverage).toBe(75);
  });

  test('an empty environment is fully covered', () => {
    expect(costOf([])).toMatchObject({ coverage: 100, monthlyAfter: 0, sheetDate: '2024-07-01' });
  });

  test('the date is that of the oldest price used', () => {
    // aws_eip and aws_nat_gateway are both of 2026-08-12
    expect(costOf([created('aws_eip', {}), created('aws_nat_gateway', {})]).sheetDate).toBe('2026-08-12');
  });
});

test('kinds that are free have no price in the sheet', () => {
  const cost = costOf(FREE_TYPES.map((type) => created(type, {})));
  expect(cost).toMatchObject({ monthlyAfter: 0, coverage: 100 });
});
