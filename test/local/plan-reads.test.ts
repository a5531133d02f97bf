import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import * as z from 'zod';
import { loadAssembly } from '../../local/assembly/cloud-assembly.ts';
import { deployTemplate } from '../../local/assembly/deploy-template.ts';
import { createAuthorization } from '../../local/door/authorization.ts';
import { roleSession } from '../../local/door/callers.ts';
import { createPolicyRegistry, type PolicyRegistry } from '../../local/door/iam/policy-registry.ts';
import { createIamService } from '../../local/services/iam/iam-service.ts';
import type { Provisioner } from '../../local/services/local-service.ts';
import { assemblyOf } from '../harness/synthesized.ts';

/** The permissions of the plan role in the synthesized template, judged as IAM does. */

const ACCOUNT = '222222222222';
const PLAN_ROLE = `arn:aws:iam::${ACCOUNT}:role/stagegate-shop-prod1-plan`;
const STATE = 'arn:aws:s3:::acme-state/apps/shop/prod1/terraform.tfstate';
const in_ = (service: string, resource: string) => `arn:aws:${service}:eu-west-1:${ACCOUNT}:${resource}`;

async function deploy(
  parameters: Readonly<Record<string, string>> = {},
  see: (properties: Readonly<Record<string, unknown>>, logicalId: string) => void = () => {},
): Promise<PolicyRegistry> {
  const policies = createPolicyRegistry();
  const provisioners = Object.entries(createIamService({ accountId: ACCOUNT }, policies).provisioners);
  await deployTemplate({
    template: loadAssembly(assemblyOf()).stack('StagegateTargetAccount').template,
    stackName: 'stagegate-shop-prod1',
    accountId: ACCOUNT,
    region: 'eu-west-1',
    parameters: {
      Application: 'shop',
      Environment: 'prod1',
      ExternalId: 'a'.repeat(32),
      CredentialsRoleArn: `arn:aws:iam::${'1'.repeat(12)}:role/stagegate-credentials`,
      StateReaderRoleArns: 'arn:aws:iam::111111111111:role/stagegate-check-plan',
      StateBucket: 'acme-state',
      ...parameters,
    },
    provisioners: Object.fromEntries(
      provisioners.map(([type, provision]): [string, Provisioner] => [
        type,
        (resource) => {
          see(resource.properties, resource.logicalId);
          return provision(resource);
        },
      ]),
    ),
  });
  return policies;
}

/** Judges an action. `denied` means an explicit deny, which no other policy can undo. */
function judge(
  policies: PolicyRegistry,
  action: string,
  resource: string,
  context: Readonly<Record<string, string | readonly string[]>> = {},
): 'allowed' | 'denied' | 'not mentioned' {
  try {
    const session = roleSession(PLAN_ROLE, 'shop-prod1-7-abc123');
    createAuthorization(policies).authorize(session, { action, resources: [resource], context }, 'eu-west-1');
    return 'allowed';
  } catch (error) {
    return String(error).includes('with an explicit deny in an identity-based policy') ? 'denied' : 'not mentioned';
  }
}

/** Parameter, action, a resource that the parameter allows to read, and another resource of the same kind. */
const DATA: readonly [string, string, string, string][] = [
  ['PlanReadsS3', 's3:GetObject', 'arn:aws:s3:::shop-config/app.json', 'arn:aws:s3:::shop-config/b.json'],
  ['PlanReadsS3', 's3:GetObjectVersion', 'arn:aws:s3:::shop-config/app.json', 'arn:aws:s3:::shop-config/b.json'],
  ['PlanReadsParameters', 'ssm:GetParameter', in_('ssm', 'parameter/shop/a'), in_('ssm', 'parameter/shop/b')],
  ['PlanReadsTables', 'dynamodb:GetItem', in_('dynamodb', 'table/settings'), in_('dynamodb', 'table/customers')],
  ['PlanReadsTables', 'dynamodb:Query', in_('dynamodb', 'table/settings'), in_('dynamodb', 'table/settings/index/a')],
  ['PlanReadsQueues', 'sqs:ReceiveMessage', in_('sqs', 'a'), in_('sqs', 'b')],
  ['PlanReadsLogs', 'logs:FilterLogEvents', in_('logs', 'log-group:a:*'), in_('logs', 'log-group:b:*')],
  ['PlanReadsFunctions', 'lambda:GetFunction', in_('lambda', 'function:a'), in_('lambda', 'function:b')],
  ['PlanReadsInstances', 'ec2:DescribeInstanceAttribute', in_('ec2', 'instance/i-a'), in_('ec2', 'instance/i-b')],
  [
    'PlanReadsTemplates',
    'cloudformation:GetTemplate',
    in_('cloudformation', 'stack/a/1'),
    in_('cloudformation', 'stack/b/1'),
  ],
  ['PlanReadsOther', 'ecr:GetDownloadUrlForLayer', in_('ecr', 'repository/a'), in_('ecr', 'repository/b')],
  ['PlanReadsOther', 'codecommit:GitPull', in_('codecommit', 'a'), in_('codecommit', 'b')],
];
const WHOLE: readonly [string, string, string][] = [
  ['PlanReadsLaunchTemplates', 'ec2:DescribeLaunchTemplateVersions', '*'],
  ['PlanReadsVpnKeys', 'ec2:DescribeVpnConnections', '*'],
  ['PlanReadsApiKeys', 'apigateway:GET', 'arn:aws:apigateway:eu-west-1::/apikeys/abc'],
  ['PlanReadsApiKeys', 'apigateway:GET', 'arn:aws:apigateway:eu-west-1::/usageplans/a/keys/b'],
];

describe('a plan role that is given nothing', () => {
  let policies: PolicyRegistry;
  beforeAll(async () => {
    policies = await deploy();
  });

  it.each(DATA)('is denied what %s gives: %s', (_, action, one, other) => {
    expect([judge(policies, action, one), judge(policies, action, other)]).toEqual(['denied', 'denied']);
  });

  it.each(WHOLE)('is denied what %s gives: %s of %s', (_, action, resource) => {
    expect(judge(policies, action, resource)).toBe('denied');
  });

  it.each([
    ['s3:GetObject', STATE, 'allowed'],
    ['s3:GetObject', `${STATE}.tflock`, 'allowed'],
    ['s3:PutObject', `${STATE}.tflock`, 'allowed'],
    ['s3:DeleteObject', `${STATE}.tflock`, 'allowed'],
    ['s3:ListBucket', 'arn:aws:s3:::acme-state', 'allowed'],
    ['s3:GetObject', 'arn:aws:s3:::acme-state/apps/shop/stage1/terraform.tfstate', 'denied'],
    ['s3:PutObject', STATE, 'not mentioned'],
  ])('has for its own state: %s on %s is %s', (action, resource, expected) => {
    expect(judge(policies, action, resource)).toBe(expected);
  });

  it.each([
    ['s3:GetBucketPolicy', 'arn:aws:s3:::shop-config'],
    ['s3:ListBucket', 'arn:aws:s3:::shop-config'],
    ['dynamodb:DescribeTable', in_('dynamodb', 'table/settings')],
    ['sqs:GetQueueAttributes', in_('sqs', 'a')],
    ['logs:DescribeLogGroups', in_('logs', 'log-group:*')],
    ['lambda:GetFunctionConfiguration', in_('lambda', 'function:a')],
    ['lambda:GetPolicy', in_('lambda', 'function:a')],
    ['apigateway:GET', 'arn:aws:apigateway:eu-west-1::/restapis/abc'],
    ['apigateway:GET', 'arn:aws:apigateway:eu-west-1::/usageplans/abc'],
  ])('reads configuration: %s', (action, resource) => {
    expect(judge(policies, action, resource)).toBe('allowed');
  });

  it.each(['arn:aws:ssm:eu-west-1::', in_('ssm', '')])('reads the public parameters of AWS below %s', (prefix) => {
    const ami = `${prefix}parameter/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64`;
    expect(judge(policies, 'ssm:GetParameter', ami)).not.toBe('denied');
  });
});

describe('a list of the stack', () => {
  it.each(DATA)('%s gives %s on what it names, and on nothing else', async (parameter, action, one, other) => {
    const policies = await deploy({ [parameter]: `${one}-not,${one}` });
    expect([judge(policies, action, one), judge(policies, action, other)]).toEqual([
      expect.not.stringMatching('denied'),
      'denied',
    ]);
  });

  it.each(DATA)('%s takes wildcards: %s', async (parameter, action, one, other) => {
    const policies = await deploy({ [parameter]: `${one.split(':').slice(0, 5).join(':')}:*` });
    for (const resource of [one, other]) expect(judge(policies, action, resource)).not.toBe('denied');
  });

  it.each([...DATA.map(([parameter, action, one]) => [parameter, action, one] as const), ...WHOLE])(
    '%s gives %s on everything with "*", and nothing of another kind',
    async (parameter, action, one) => {
      const policies = await deploy({ [parameter]: '*' });
      expect(judge(policies, action, one)).not.toBe('denied');
      const others = DATA.filter(([other]) => other !== parameter);
      expect(others.map(([, otherAction, resource]) => judge(policies, otherAction, resource))).toEqual(
        others.map(() => 'denied'),
      );
    },
  );

  it('leaves the own state readable beside what it names', async () => {
    const policies = await deploy({ PlanReadsS3: 'arn:aws:s3:::shop-config/*' });
    for (const object of [STATE, `${STATE}.tflock`, 'arn:aws:s3:::shop-config/a'])
      expect(judge(policies, 's3:GetObject', object)).toBe('allowed');
    expect(judge(policies, 's3:GetObject', 'arn:aws:s3:::customers/a')).toBe('denied');
  });
});

describe('the statements for plan roles that have names of their own', () => {
  it('are those of the template, with nothing given (docs/plan-role-statements.json)', async () => {
    const StatementsSchema = z.object({ Statement: z.array(z.unknown()) });
    const RoleSchema = z.object({ Policies: z.array(z.object({ PolicyDocument: StatementsSchema })) });
    const statements: unknown[] = [];
    await deploy({ StateBucket: 'STATE-BUCKET', StateKey: 'STATE-KEY' }, (properties, logicalId) => {
      if (logicalId === 'PlanRole')
        statements.push(...(RoleSchema.parse(properties).Policies[1]?.PolicyDocument.Statement ?? []));
      if (logicalId === 'PlanReads')
        statements.push(...z.object({ PolicyDocument: StatementsSchema }).parse(properties).PolicyDocument.Statement);
    });
    const inNoOrder = (all: readonly unknown[]) => new Set(all.map((each) => JSON.stringify(each)));
    const documented = readFileSync(join(import.meta.dirname, '../../docs/plan-role-statements.json'), 'utf8');
    expect(inNoOrder(StatementsSchema.parse(JSON.parse(documented)).Statement)).toEqual(inNoOrder(statements));
  });
});

describe('a lock table of the stack', () => {
  const table = in_('dynamodb', 'table/acme-locks');
  const own = 'acme-state/apps/shop/prod1/terraform.tfstate';
  const given = { LockTable: 'acme-locks' };
  const settings = in_('dynamodb', 'table/settings');
  const keys = (...names: string[]) => ({ 'dynamodb:LeadingKeys': names });

  it.each([
    ['dynamodb:PutItem', table, keys(own), 'allowed'],
    ['dynamodb:GetItem', table, keys(`${own}-md5`), 'allowed'],
    ['dynamodb:DeleteItem', table, keys(own), 'allowed'],
    ['dynamodb:PutItem', table, keys('acme-state/apps/shop/stage1/terraform.tfstate'), 'denied'],
    ['dynamodb:GetItem', table, keys(`${own}-md5`, `${own}2`), 'denied'],
    ['dynamodb:Query', table, keys('acme-state/other'), 'denied'],
    ['dynamodb:Scan', table, {}, 'denied'],
    ['dynamodb:PutItem', in_('dynamodb', 'table/orders'), keys(own), 'not mentioned'],
  ])('lets plans lock their own state only: %s of %s with %j is %s', async (action, resource, context, expected) => {
    expect(judge(await deploy(given), action, resource, context)).toBe(expected);
  });

  it('is read beside the tables that are listed, and opens no other', async () => {
    const both = await deploy({ ...given, PlanReadsTables: settings });
    expect(judge(both, 'dynamodb:GetItem', table, keys(own))).toBe('allowed');
    expect(judge(both, 'dynamodb:GetItem', settings)).toBe('allowed');
    expect(judge(await deploy(given), 'dynamodb:GetItem', settings)).toBe('denied');
    expect(judge(await deploy({ ...given, PlanReadsTables: '*' }), 'dynamodb:Scan', table)).toBe('denied');
  });

  it('is none unless the stack names it', async () => {
    expect(judge(await deploy({}), 'dynamodb:PutItem', table, keys(own))).toBe('not mentioned');
  });
});

describe('the key of the state', () => {
  const context = { 'kms:ViaService': 's3.eu-west-1.amazonaws.com', 'kms:EncryptionContext:aws:s3:arn': STATE };
  const key = (account: string, id = 'a') => `arn:aws:kms:eu-west-1:${account}:key/${id}`;
  const named = { StateKmsKeyArn: key('333333333333') };

  it.each([
    ['any of the own account', {}, key(ACCOUNT), context, 'allowed'],
    ['any of the own account beside the one that is named', named, key(ACCOUNT), context, 'allowed'],
    ['that of another account which the stack names', named, key('333333333333'), context, 'allowed'],
    ['that of another account without a name', {}, key('333333333333'), context, 'not mentioned'],
    ['another one of the other account', named, key('333333333333', 'b'), context, 'not mentioned'],
    [
      'any without S3',
      named,
      key('333333333333'),
      { 'kms:ViaService': 'ssm.eu-west-1.amazonaws.com' },
      'not mentioned',
    ],
  ])('may be %s', async (_, parameters, resource, circumstances, expected) => {
    const policies = await deploy(parameters);
    const delegated = {
      Effect: 'Allow',
      Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` },
      Action: 'kms:*',
      Resource: '*',
    };
    policies.setResourcePolicy(resource, { Version: '2012-10-17', Statement: [delegated] });
    for (const action of ['kms:GenerateDataKey', 'kms:Decrypt'])
      expect(judge(policies, action, resource, circumstances)).toBe(expected);
  });
});

describe('the size of the policies', () => {
  /**
   * IAM's limits in characters, without white space: for all inline policies of a role together, and for each managed
   * policy.
   */
  const INLINE = 10_240;
  const MANAGED = 6_144;
  const lengthOf = (document: unknown) => JSON.stringify(document).replaceAll(/\s/g, '').length;
  const InlineSchema = z.object({ Policies: z.array(z.object({ PolicyDocument: z.unknown() })) });
  const ManagedSchema = z.object({ PolicyDocument: z.unknown() });

  it('leaves room for what is listed, with the longest names there are', async () => {
    const free = { inline: 0, managed: 0 };
    const names = { Application: 'a'.repeat(32), Environment: 'e'.repeat(16), StateBucket: 'b'.repeat(63) };
    await deploy(names, (properties, logicalId) => {
      if (logicalId === 'PlanRole')
        free.inline = InlineSchema.parse(properties).Policies.reduce(
          (room, { PolicyDocument }) => room - lengthOf(PolicyDocument),
          INLINE,
        );
      if (logicalId === 'PlanReads') free.managed = MANAGED - lengthOf(ManagedSchema.parse(properties).PolicyDocument);
    });
    expect(free.inline).toBeGreaterThan(6_000);
    expect(free.managed).toBeGreaterThan(2_500);
  });
});
