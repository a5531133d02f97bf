import { describe, expect, test } from '@jest/globals';
import type { Analysis } from '../../../lambdas/domain/plan/analyze-plan.ts';
import { analyse, block, type ChangeParts, change, type Document, planOf, recordedPlan } from './plan-documents.ts';

type Cost = Analysis['cost'];

const AWS = 'registry.terraform.io/hashicorp/aws';
const provider = (parts: Document = {}): Document => ({ name: 'aws', full_name: AWS, ...parts });
const inRegion = (expression: unknown, parts: Document = {}): Document =>
  provider({ ...parts, expressions: { region: expression } });
const constant = (value: string) => ({ constant_value: value });
const gateway = (parts: ChangeParts = {}): ChangeParts => ({
  type: 'aws_nat_gateway',
  actions: ['create'],
  after: {},
  ...parts,
});

/** What a NAT gateway costs by the bundled sheet, with 100 GB assumed: 0.045 or 0.048 an hour and a GB. */
const IN_US_EAST_1 = 37.35;
const IN_EU_WEST_1 = 39.84;

const costOf = (changes: readonly ChangeParts[], configuration: Document = {}, more: Document = {}): Cost =>
  analyse(
    planOf({
      configuration: { root_module: {}, ...configuration },
      resource_changes: changes.map((parts) => change(parts)),
      ...more,
    }),
    { region: 'eu-west-1' },
  ).cost;
const regionAssumptions = ({ assumptions }: Cost): string[] =>
  assumptions.map(({ text }) => text).filter((text) => /region/.test(text));

describe('a resource is priced in the region that it names', () => {
  test.each<[string, string, Document, string]>([
    ['its own region', 'aws_nat_gateway', { region: 'us-east-1' }, 'us-east-1'],
    ['its own ARN', 'aws_sqs_queue', { arn: 'arn:aws:sqs:us-east-1:111122223333:jobs' }, 'us-east-1'],
    [
      'an id that is an ARN',
      'aws_lb',
      { id: 'arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/app/a/b' },
      'us-east-1',
    ],
    [
      'the ARN of its cluster',
      'aws_ecs_service',
      { launch_type: 'FARGATE', cluster: 'arn:aws:ecs:us-east-1:1:cluster/a' },
      'us-east-1',
    ],
    [
      'the ARN of the target group in a block',
      'aws_ecs_service',
      {
        launch_type: 'FARGATE',
        load_balancer: [{}, { target_group_arn: 'arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/a/b' }],
      },
      'us-east-1',
    ],
    [
      'the ARN of the key of a disk',
      'aws_instance',
      { instance_type: 't3.medium', root_block_device: [{ kms_key_id: 'arn:aws:kms:us-east-1:1:key/a' }] },
      'us-east-1',
    ],
    ['its zone', 'aws_ebs_volume', { availability_zone: 'us-east-1a', size: 10, type: 'gp3' }, 'us-east-1'],
    ['one of its zones', 'aws_nat_gateway', { availability_zones: ['us-east-1c', 'us-east-1a'] }, 'us-east-1'],
  ])('%s', (_, type, after, region) => {
    const cost = costOf([{ type, actions: ['create'], after }]);
    expect(cost).toMatchObject({ region: 'eu-west-1', resources: [{ region }] });
    expect(regionAssumptions(cost)).toEqual([]);
  });

  test.each<[string, string, Document]>([
    ['an ARN without a region', 'aws_nat_gateway', { arn: 'arn:aws:s3:::assets' }],
    ['the ARN of the source of a replica', 'aws_nat_gateway', { replicate_source_db: 'arn:aws:rds:us-east-1:1:db:a' }],
    [
      'the ARN of the key of a replica',
      'aws_nat_gateway',
      { replica: [{ kms_key_arn: 'arn:aws:kms:us-east-1:1:key/a' }] },
    ],
    ['the id of a zone', 'aws_nat_gateway', { availability_zone: 'use1-az1' }],
    ['a zone that is no text', 'aws_nat_gateway', { availability_zones: [null, 7, {}] }],
    ['a region that is none', 'aws_nat_gateway', { region: 'us-east-1; drop' }],
    ['a worldwide price', 'aws_route53_zone', { region: 'us-east-1' }],
  ])('but not %s', (_, type, after) => {
    const cost = costOf([{ type, actions: ['create'], after }]);
    expect(cost.resources.map(({ region }) => region)).toEqual([undefined]);
    expect(regionAssumptions(cost)).toEqual([]);
  });

  test.each(['us-east-1-bos-1a', 'us-east-1-wl1-bos-wlz-1'])('a place outside of its zones, %s, is stated', (zone) => {
    const cost = costOf([gateway({ after: { availability_zone: zone } })]);
    expect(cost.monthlyAfter).toBe(IN_US_EAST_1);
    expect(regionAssumptions(cost)).toEqual([`aws_nat_gateway: zone ${zone} priced as region us-east-1`]);
  });

  test('a region that the sheet does not have leaves it without a price', () => {
    expect(costOf([gateway({ after: { region: 'ap-southeast-7' } })])).toMatchObject({
      monthlyAfter: 0,
      unpriced: ['aws_nat_gateway.this'],
      gaps: [{ why: 'no price in ap-southeast-7', types: ['aws_nat_gateway'], count: 1 }],
    });
  });

  test('a region that only the apply will tell is stated', () => {
    const configured = block('aws_nat_gateway', 'this', {
      expressions: { region: { references: ['random_shuffle.r'] } },
    });
    const cost = costOf([gateway({ unknown: { region: true } })], { root_module: { resources: [configured] } });
    expect(cost.monthlyAfter).toBe(IN_EU_WEST_1);
    expect(regionAssumptions(cost)).toEqual([
      'aws_nat_gateway: region eu-west-1: its own is known only after the apply',
    ]);
  });

  test('a region that the provider fills in is not', () => {
    const cost = costOf([gateway({ unknown: { region: true } })], {
      root_module: { resources: [block('aws_nat_gateway', 'this')] },
    });
    expect(regionAssumptions(cost)).toEqual([]);
  });
});

describe('a resource that names none is priced where its provider works', () => {
  const costWith = (region: unknown, more: Document = {}, alias?: string): Cost => {
    const key = alias === undefined ? 'aws' : `aws.${alias}`;
    return costOf(
      [gateway()],
      {
        provider_config: { aws: provider(), [key]: inRegion(region, alias === undefined ? {} : { alias }) },
        root_module: {
          resources: [block('aws_nat_gateway', 'this', { provider_config_key: key })],
          variables: { fallback: { default: 'us-east-1' }, unset: { default: null } },
        },
      },
      { variables: { region: { value: 'us-east-1' }, regions: { value: { us: [{ name: 'us-east-1' }] } } }, ...more },
    );
  };
  const MAP = ['var.regions["us"][0].name', 'var.regions["us"][0]', 'var.regions["us"]', 'var.regions'];

  test.each<[string, unknown]>([
    ['a constant', constant('us-east-1')],
    ['a variable', { references: ['var.region'] }],
    ['the default of a variable', { references: ['var.fallback'] }],
    ['an element of a variable', { references: MAP }],
  ])('%s', (_, expression) => {
    const cost = costWith(expression);
    expect(cost).toMatchObject({ monthlyAfter: IN_US_EAST_1, resources: [{ region: 'us-east-1' }] });
    expect(regionAssumptions(cost)).toEqual([]);
  });

  test.each<[string, unknown]>([
    ['no region', undefined],
    ['an empty region', constant('')],
    ['a variable that is not set', { references: ['var.unset'] }],
  ])('%s: the environment’s', (_, expression) => {
    const cost = costWith(expression);
    expect(cost.monthlyAfter).toBe(IN_EU_WEST_1);
    expect(regionAssumptions(cost)).toEqual([]);
  });

  test.each<[string, unknown]>([
    ['a local', { references: ['local.region'] }],
    ['a data source', { references: ['data.aws_region.us.name', 'data.aws_region.us'] }],
    ['a key of for_each', { references: ['each.value'] }],
    ['several variables', { references: ['var.region', 'var.fallback'] }],
    ['a part of a variable by another', { references: ['var.regions', 'var.region'] }],
    ['a variable that is no region', { references: ['var.regions'] }],
    ['a variable that the plan does not have', { references: ['var.missing'] }],
    ['a property that every object has', { references: ['var.regions.constructor', 'var.regions'] }],
    ['a function of constants', {}],
    ['no expression at all', 'us-east-1'],
  ])('%s: not known, and stated', (_, expression) => {
    const cost = costWith(expression);
    expect(cost.monthlyAfter).toBe(IN_EU_WEST_1);
    expect(regionAssumptions(cost)).toEqual([
      'aws_nat_gateway: region eu-west-1: the region of its provider is not known',
    ]);
  });

  test('the variable of a provider beside the default one is stated, since an expression looks the same', () => {
    const cost = costWith({ references: ['var.region'] }, {}, 'us');
    expect(cost.monthlyAfter).toBe(IN_US_EAST_1);
    expect(regionAssumptions(cost)).toEqual([
      'aws_nat_gateway: region us-east-1: the value of var.region, which its provider refers to',
    ]);
  });

  test('a sensitive variable is not named', () => {
    const configuration = {
      provider_config: { aws: inRegion({ references: ['var.region'] }) },
      root_module: {
        resources: [block('aws_nat_gateway', 'this')],
        variables: { region: { sensitive: true } },
      },
    };
    for (const region of ['us-east-1', 'ap-southeast-7']) {
      const cost = costOf([gateway()], configuration, { variables: { region: { value: region } } });
      expect(JSON.stringify(cost)).not.toContain(region);
    }
  });

  test('a free or worldwide resource needs no region, and nothing is stated', () => {
    const cost = costOf(
      [
        { type: 'aws_route53_zone', actions: ['create'], after: {} },
        { type: 'aws_vpc', actions: ['create'], after: {} },
      ],
      {
        provider_config: { aws: inRegion({ references: ['local.region'] }) },
      },
    );
    expect(regionAssumptions(cost)).toEqual([]);
    expect(cost.coverage).toBe(100);
  });
});

describe('before and after', () => {
  test('a replacement in another region costs what each region costs', () => {
    const moved = gateway({
      actions: ['delete', 'create'],
      before: { region: 'eu-west-1' },
      after: { region: 'us-east-1' },
    });
    expect(costOf([moved])).toMatchObject({
      monthlyBefore: IN_EU_WEST_1,
      monthlyAfter: IN_US_EAST_1,
      resources: [{ region: 'us-east-1' }],
    });
  });

  test('an update keeps the ARN that the plan does not repeat', () => {
    const updated = gateway({
      actions: ['update'],
      before: { arn: 'arn:aws:ec2:us-east-1:1:natgateway/nat-1' },
      after: {},
      unknown: { arn: true },
    });
    expect(costOf([updated])).toMatchObject({ monthlyBefore: IN_US_EAST_1, monthlyAfter: IN_US_EAST_1 });
  });

  test('an assumption about what goes away is stated beside what comes', () => {
    const cost = costOf([gateway({ actions: ['delete', 'create'], before: {}, after: { region: 'us-east-1' } })], {
      provider_config: { aws: inRegion({ references: ['local.region'] }) },
      root_module: { resources: [block('aws_nat_gateway', 'this')] },
    });
    expect(regionAssumptions(cost)).toHaveLength(1);
  });

  const noLongerConfigured = gateway({ actions: ['delete'], before: {}, after: null });
  test('without a block the only region of the provider counts', () => {
    const cost = costOf([noLongerConfigured], {
      provider_config: {
        aws: inRegion(constant('us-east-1')),
        random: { full_name: 'registry.terraform.io/hashicorp/random' },
      },
    });
    expect(cost.monthlyBefore).toBe(IN_US_EAST_1);
    expect(regionAssumptions(cost)).toEqual([]);
  });

  test('with several regions it is stated', () => {
    const cost = costOf([noLongerConfigured], {
      provider_config: { aws: provider(), 'aws.us': inRegion(constant('us-east-1'), { alias: 'us' }) },
    });
    expect(cost.monthlyBefore).toBe(IN_EU_WEST_1);
    expect(regionAssumptions(cost)).toHaveLength(1);
  });
});

test('two gateways in us-east-1, one by its own region and one by its provider', () => {
  const cost = costOf([gateway({ name: 'own', after: { region: 'us-east-1' } }), gateway({ name: 'alias' })], {
    provider_config: { aws: provider(), 'aws.us': inRegion(constant('us-east-1'), { alias: 'us' }) },
    root_module: {
      resources: [
        block('aws_nat_gateway', 'own'),
        block('aws_nat_gateway', 'alias', { provider_config_key: 'aws.us' }),
      ],
    },
  });
  expect(cost).toMatchObject({ monthlyAfter: 74.7, coverage: 100 });
});

test('what Terraform writes about providers of modules is followed', () => {
  const cost = analyse(recordedPlan('19-several-regions'), { region: 'eu-west-1' }).cost;
  expect(Object.fromEntries(cost.resources.map(({ address, region }) => [address, region ?? 'eu-west-1']))).toEqual({
    'aws_ebs_volume.zone': 'us-east-1',
    'aws_ebs_volume.none': 'eu-west-1',
    'aws_nat_gateway.a': 'eu-west-1',
    'aws_nat_gateway.b': 'us-east-1',
    'aws_nat_gateway.c': 'us-east-1',
    'aws_nat_gateway.l': 'eu-west-1',
    'aws_nat_gateway.m': 'us-east-1',
    'module.inh.aws_nat_gateway.a': 'eu-west-1',
    'module.mod.aws_nat_gateway.a': 'us-east-1',
    'module.mod.aws_nat_gateway.b': 'us-east-1',
    'module.mod.module.deep.aws_nat_gateway.a': 'us-east-1',
    'module.own.aws_nat_gateway.a': 'us-east-1',
    'module.own.module.below.aws_nat_gateway.a': 'us-east-1',
  });
  expect(regionAssumptions(cost)).toEqual([
    'aws_ebs_volume: region eu-west-1: the region of its provider is not known',
    'aws_nat_gateway: region eu-west-1: the region of its provider is not known',
    'aws_nat_gateway: region us-east-1: the value of var.region, which its provider refers to',
    'aws_nat_gateway: region us-east-1: the value of var.regions["us"].name, which its provider refers to',
    'aws_nat_gateway: region us-east-1: the value of var.us, which its provider refers to',
  ]);
});
