import { describe, expect, test } from '@jest/globals';
import type { Exposure } from '../../../lambdas/domain/plan/analysis-parts.ts';
import { analyse, block, type ChangeParts, change, planOf, recordedPlan, refersTo } from './plan-documents.ts';

const exposuresOf = (...changes: ChangeParts[]): Exposure[] =>
  analyse(planOf({ resource_changes: changes.map(change) })).blastRadius.exposures;

const created = (type: string, after: unknown): ChangeParts => ({ type, actions: ['create'], after });

const rule = (from: number, to: number, networks: string[], protocol = 'tcp') => ({
  from_port: from,
  to_port: to,
  protocol,
  cidr_blocks: networks.filter((network) => !network.includes(':')),
  ipv6_cidr_blocks: networks.filter((network) => network.includes(':')),
});
const group = (...ingress: unknown[]) => ({ ingress, egress: [rule(0, 0, ['0.0.0.0/0'], '-1')] });

describe('security groups opened to the world', () => {
  test.each<[string, unknown, string, Exposure['severity']]>([
    ['SSH', rule(22, 22, ['0.0.0.0/0']), 'opens port 22 (SSH) to the whole internet (0.0.0.0/0)', 'high'],
    ['RDP over IPv6', rule(3389, 3389, ['::/0']), 'opens port 3389 (RDP) to the whole internet (::/0)', 'high'],
    [
      'a database',
      rule(5432, 5432, ['0.0.0.0/0']),
      'opens port 5432 (PostgreSQL) to the whole internet (0.0.0.0/0)',
      'high',
    ],
    [
      'a range that holds SSH',
      rule(20, 30, ['0.0.0.0/0']),
      'opens ports 20 to 30 (FTP, SSH, Telnet) to the whole internet (0.0.0.0/0)',
      'high',
    ],
    ['all ports', rule(0, 65535, ['0.0.0.0/0']), 'opens all tcp ports to the whole internet (0.0.0.0/0)', 'critical'],
    ['all traffic', rule(0, 0, ['0.0.0.0/0'], '-1'), 'opens all traffic to the whole internet (0.0.0.0/0)', 'critical'],
    ['HTTPS', rule(443, 443, ['0.0.0.0/0']), 'opens port 443 to the whole internet (0.0.0.0/0)', 'medium'],
    ['another port', rule(8080, 8080, ['0.0.0.0/0']), 'opens port 8080 to the whole internet (0.0.0.0/0)', 'medium'],
    ['ICMP', rule(-1, -1, ['0.0.0.0/0'], 'icmp'), 'opens ICMP to the whole internet (0.0.0.0/0)', 'low'],
    [
      'half of the world',
      rule(22, 22, ['128.0.0.0/1']),
      'opens port 22 (SSH) to the whole internet (128.0.0.0/1)',
      'high',
    ],
  ])('%s', (_, ingress, why, severity) => {
    expect(exposuresOf(created('aws_security_group', group(ingress)))).toEqual([
      { address: 'aws_security_group.this', why, severity },
    ]);
  });

  test.each([
    ['private networks', rule(22, 22, ['10.0.0.0/8', '192.168.0.0/16', 'fc00::/7'])],
    ['one address', rule(22, 22, ['203.0.113.7/32'])],
  ])('%s are no exposure', (_, ingress) => {
    expect(exposuresOf(created('aws_security_group', group(ingress)))).toEqual([]);
  });

  test('what was open before is no news, what is added is', () => {
    const before = group(rule(443, 443, ['0.0.0.0/0']));
    const after = group(rule(22, 22, ['0.0.0.0/0']), rule(443, 443, ['0.0.0.0/0']));
    expect(exposuresOf({ type: 'aws_security_group', before, after }).map(({ why }) => why)).toEqual([
      'opens port 22 (SSH) to the whole internet (0.0.0.0/0)',
    ]);
    expect(exposuresOf({ type: 'aws_security_group', before: after, after: before })).toEqual([]);
    expect(exposuresOf({ type: 'aws_security_group', before: after, actions: ['delete'] })).toEqual([]);
  });

  test.each<[string, unknown]>([
    [
      'aws_security_group_rule',
      { type: 'ingress', from_port: 22, to_port: 22, protocol: 'tcp', cidr_blocks: ['0.0.0.0/0'] },
    ],
    ['aws_vpc_security_group_ingress_rule', { from_port: 22, to_port: 22, ip_protocol: 'tcp', cidr_ipv4: '0.0.0.0/0' }],
    ['aws_vpc_security_group_ingress_rule', { from_port: 22, to_port: 22, ip_protocol: 'tcp', cidr_ipv6: '::/0' }],
    ['aws_default_security_group', group(rule(22, 22, ['0.0.0.0/0']))],
  ])('%s', (type, values) => {
    expect(exposuresOf(created(type, values))).toMatchObject([{ severity: 'high' }]);
  });

  test('leaving is not entering', () => {
    expect(
      exposuresOf(
        created('aws_security_group_rule', {
          type: 'egress',
          from_port: 0,
          to_port: 0,
          protocol: '-1',
          cidr_blocks: ['0.0.0.0/0'],
        }),
      ),
    ).toEqual([]);
  });

  test('HTTPS into a group that a load balancer uses is expected; SSH there is not', () => {
    const plan = planOf({
      configuration: {
        root_module: {
          resources: [
            block('aws_lb', 'front', { expressions: { security_groups: refersTo('aws_security_group.this.id') } }),
            block('aws_security_group', 'this'),
            block('aws_vpc_security_group_ingress_rule', 'web', {
              expressions: { security_group_id: refersTo('aws_security_group.this.id') },
            }),
          ],
        },
      },
      resource_changes: [
        change(created('aws_security_group', group(rule(443, 443, ['0.0.0.0/0']), rule(22, 22, ['0.0.0.0/0'])))),
        change({
          ...created('aws_vpc_security_group_ingress_rule', {
            from_port: 80,
            to_port: 80,
            ip_protocol: 'tcp',
            cidr_ipv4: '0.0.0.0/0',
          }),
          name: 'web',
        }),
      ],
    });
    expect(analyse(plan).blastRadius.exposures.map(({ why, severity }) => [why.split(' to the')[0], severity])).toEqual(
      [
        ['opens port 443 of a load balancer', 'low'],
        ['opens port 22 (SSH)', 'high'],
        ['opens port 80 of a load balancer', 'low'],
      ],
    );
  });

  test('a set that one unknown element made unknown is judged by what the configuration says', () => {
    const ingress = (network: unknown) => [
      {
        cidr_blocks: network,
        from_port: { constant_value: 22 },
        to_port: { constant_value: 22 },
        protocol: { constant_value: 'tcp' },
        security_groups: refersTo('aws_security_group.other.id'),
      },
    ];
    const plan = (network: unknown) =>
      planOf({
        configuration: {
          root_module: {
            resources: [block('aws_security_group', 'this', { expressions: { ingress: ingress(network) } })],
          },
        },
        resource_changes: [
          change({ ...created('aws_security_group', { name: 'x' }), unknown: { ingress: true, arn: true } }),
        ],
      });
    expect(analyse(plan({ constant_value: ['0.0.0.0/0'] })).blastRadius.exposures).toMatchObject([
      { severity: 'high' },
    ]);
    const open = analyse(plan(refersTo('aws_vpc.this.cidr_block'))).blastRadius;
    expect(open.exposures).toEqual([]);
    expect(open.unjudged).toEqual([{ address: 'aws_security_group.this', attributes: ['ingress'] }]);
    expect(open.reasons).toContain(
      'Whether aws_security_group.this (ingress) opens anything is known only after the apply.',
    );
  });
});

describe('buckets, databases and functions made public', () => {
  test.each<[string, string, unknown, Exposure['severity']]>([
    ['an ACL', 'aws_s3_bucket_acl', { acl: 'public-read' }, 'high'],
    ['a writable ACL', 'aws_s3_bucket', { acl: 'public-read-write' }, 'critical'],
    [
      'a grant',
      'aws_s3_bucket_acl',
      {
        access_control_policy: [{ grant: [{ grantee: [{ uri: 'http://acs.amazonaws.com/groups/global/AllUsers' }] }] }],
      },
      'critical',
    ],
    ['a public database', 'aws_db_instance', { publicly_accessible: true }, 'high'],
    ['a public warehouse', 'aws_redshift_cluster', { publicly_accessible: true }, 'high'],
    ['a snapshot for all', 'aws_db_snapshot', { shared_accounts: ['all'] }, 'critical'],
    ['a function URL without authorization', 'aws_lambda_function_url', { authorization_type: 'NONE' }, 'high'],
    [
      'an open Kubernetes API',
      'aws_eks_cluster',
      { vpc_config: [{ endpoint_public_access: true, public_access_cidrs: ['0.0.0.0/0'] }] },
      'medium',
    ],
    [
      'brokers with public addresses',
      'aws_msk_cluster',
      { broker_node_group_info: [{ connectivity_info: [{ public_access: [{ type: 'SERVICE_PROVIDED_EIPS' }] }] }] },
      'high',
    ],
    ['an instance with a public address', 'aws_instance', { associate_public_ip_address: true }, 'low'],
  ])('%s', (_, type, after, severity) => {
    expect(exposuresOf(created(type, after))).toMatchObject([{ address: `${type}.this`, severity }]);
  });

  test.each<[string, string, unknown]>([
    ['a private ACL', 'aws_s3_bucket_acl', { acl: 'private' }],
    ['a private database', 'aws_db_instance', { publicly_accessible: false }],
    ['a function URL for signed requests', 'aws_lambda_function_url', { authorization_type: 'AWS_IAM' }],
    [
      'a Kubernetes API for an office',
      'aws_eks_cluster',
      { vpc_config: [{ endpoint_public_access: true, public_access_cidrs: ['203.0.113.0/24'] }] },
    ],
  ])('%s is no exposure', (_, type, after) => {
    expect(exposuresOf(created(type, after))).toEqual([]);
  });

  const blocked = {
    block_public_acls: true,
    block_public_policy: true,
    ignore_public_acls: true,
    restrict_public_buckets: true,
  };

  test('a public access block that is loosened', () => {
    expect(
      exposuresOf({
        type: 'aws_s3_bucket_public_access_block',
        before: blocked,
        after: { ...blocked, block_public_policy: false },
      }),
    ).toEqual([
      {
        address: 'aws_s3_bucket_public_access_block.this',
        why: 'no longer blocks public access (block_public_policy is off)',
        severity: 'high',
      },
    ]);
  });

  test('a public access block that is removed while its bucket stays', () => {
    const removed: ChangeParts = {
      type: 'aws_s3_bucket_public_access_block',
      actions: ['delete'],
      before: { ...blocked, bucket: 'assets' },
    };
    expect(exposuresOf(removed)).toMatchObject([
      { why: 'takes the public access block off bucket assets', severity: 'high' },
    ]);
    expect(
      exposuresOf(removed, { type: 'aws_s3_bucket', actions: ['delete'], before: { bucket: 'assets', id: 'assets' } }),
    ).toEqual([]);
  });
});

const policy = (statement: unknown): string => JSON.stringify({ Version: '2012-10-17', Statement: statement });
const allow = (more: Record<string, unknown>) => ({ Effect: 'Allow', ...more });

describe('permissions that are widened', () => {
  test.each<[string, unknown, string, Exposure['severity']]>([
    [
      'everything on everything',
      allow({ Action: '*', Resource: '*' }),
      'allows every action on every resource',
      'critical',
    ],
    [
      'as a list',
      [allow({ Action: ['s3:GetObject', '*'], Resource: ['*'] })],
      'allows every action on every resource',
      'critical',
    ],
    [
      'everything on one bucket',
      allow({ Action: '*', Resource: 'arn:aws:s3:::a' }),
      'allows every action on arn:aws:s3:::a',
      'high',
    ],
    ['a whole service', allow({ Action: 's3:*', Resource: '*' }), 'allows s3:* on every resource', 'medium'],
    [
      'a service that gives rights',
      allow({ Action: 'iam:*', Resource: '*' }),
      'allows iam:* on every resource',
      'high',
    ],
    [
      'handing on any role',
      allow({ Action: 'iam:PassRole', Resource: '*' }),
      'allows iam:PassRole on every resource',
      'high',
    ],
    ['writing wildcards', allow({ Action: 's3:Put*', Resource: '*' }), 'allows s3:Put* on every resource', 'medium'],
    [
      'everything but',
      allow({ NotAction: 'iam:*', Resource: '*' }),
      'allows every action except iam:* on every resource',
      'high',
    ],
    [
      'all resources but',
      allow({ Action: 'kms:*', NotResource: 'arn:x' }),
      'allows kms:* on all but some resources',
      'high',
    ],
    [
      'under conditions, which is milder',
      allow({ Action: '*', Resource: '*', Condition: { Bool: { 'aws:MultiFactorAuthPresent': 'true' } } }),
      'allows every action on every resource, under conditions',
      'high',
    ],
  ])('%s', (_, statement, why, severity) => {
    expect(exposuresOf(created('aws_iam_role_policy', { policy: policy(statement) }))).toEqual([
      { address: 'aws_iam_role_policy.this', why, severity },
    ]);
  });

  test.each<[string, unknown]>([
    ['a single action on one thing', allow({ Action: 's3:GetObject', Resource: 'arn:aws:s3:::a/*' })],
    ['a whole service on one thing', allow({ Action: 's3:*', Resource: ['arn:aws:s3:::a', 'arn:aws:s3:::a/*'] })],
    ['reading anywhere', allow({ Action: ['ec2:Describe*', 's3:List*'], Resource: '*' })],
    ['a single harmless action anywhere', allow({ Action: 'ecr:GetAuthorizationToken', Resource: '*' })],
    ['a denial', { Effect: 'Deny', Action: '*', Resource: '*' }],
    ['no statement at all', []],
  ])('%s is none', (_, statement) => {
    expect(exposuresOf(created('aws_iam_policy', { policy: policy(statement) }))).toEqual([]);
  });

  test('only what is new', () => {
    const before = { policy: policy([allow({ Action: 's3:*', Resource: '*' })]) };
    const after = { policy: policy([allow({ Action: ['s3:*', 'sqs:*'], Resource: '*' })]) };
    expect(exposuresOf({ type: 'aws_iam_policy', before, after }).map(({ why }) => why)).toEqual([
      'allows sqs:* on every resource',
    ]);
  });

  test.each<[string, Exposure['severity']]>([
    ['arn:aws:iam::aws:policy/AdministratorAccess', 'critical'],
    ['arn:aws:iam::aws:policy/IAMFullAccess', 'critical'],
    ['arn:aws:iam::aws:policy/PowerUserAccess', 'high'],
    ['arn:aws:iam::aws:policy/AmazonS3FullAccess', 'medium'],
  ])('attaching %s', (arn, severity) => {
    expect(exposuresOf(created('aws_iam_role_policy_attachment', { policy_arn: arn }))).toMatchObject([{ severity }]);
    expect(exposuresOf(created('aws_iam_role', { managed_policy_arns: [arn] }))).toMatchObject([{ severity }]);
  });

  test('attaching a policy for one purpose is none', () => {
    const arn = 'arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy';
    expect(exposuresOf(created('aws_iam_role_policy_attachment', { policy_arn: arn }))).toEqual([]);
  });

  test('a role that loses its boundary', () => {
    const role = (boundary: string | null) => ({
      arn: 'arn:aws:iam::123456789012:role/x',
      permissions_boundary: boundary,
    });
    expect(exposuresOf({ type: 'aws_iam_role', before: role('arn:b'), after: role(null) })).toMatchObject([
      { why: 'loses its permissions boundary' },
    ]);
    expect(exposuresOf({ type: 'aws_iam_role', before: role(null), after: role(null) })).toEqual([]);
  });
});

describe('who may take on a role', () => {
  const trusting = (statement: unknown) =>
    analyse(
      planOf({
        prior_state: {
          values: {
            root_module: {
              resources: [
                {
                  address: 'data.aws_caller_identity.x',
                  mode: 'data',
                  type: 'aws_caller_identity',
                  name: 'x',
                  values: { account_id: '111111111111' },
                },
              ],
            },
          },
        },
        resource_changes: [change(created('aws_iam_role', { assume_role_policy: policy(statement) }))],
      }),
    ).blastRadius.exposures;
  const assume = (principal: unknown, condition?: unknown) =>
    allow({ Action: 'sts:AssumeRole', Principal: principal, ...(condition ? { Condition: condition } : {}) });

  test.each<[string, unknown, Exposure['severity']]>([
    ['anybody', assume('*'), 'critical'],
    ['anybody, as AWS', assume({ AWS: '*' }), 'critical'],
    ['all but one', { Effect: 'Allow', Action: 'sts:AssumeRole', NotPrincipal: { AWS: 'x' } }, 'critical'],
    ['another account', assume({ AWS: 'arn:aws:iam::222222222222:root' }), 'high'],
    [
      'any workflow of any repository',
      assume({ Federated: 'arn:aws:iam::111111111111:oidc-provider/token.actions.githubusercontent.com' }),
      'high',
    ],
  ])('%s', (_, statement, severity) => {
    expect(trusting(statement)).toMatchObject([{ severity }]);
  });

  test.each<[string, unknown]>([
    ['a service', assume({ Service: 'ecs-tasks.amazonaws.com' })],
    ['the own account', assume({ AWS: 'arn:aws:iam::111111111111:role/deploy' })],
    ['anybody of the organisation', assume('*', { StringEquals: { 'aws:PrincipalOrgID': 'o-123' } })],
    [
      'one repository',
      assume(
        { Federated: 'arn:aws:iam::111111111111:oidc-provider/token.actions.githubusercontent.com' },
        { StringLike: { 'token.actions.githubusercontent.com:sub': 'repo:acme/config:*' } },
      ),
    ],
  ])('%s is none', (_, statement) => {
    expect(trusting(statement)).toEqual([]);
  });
});

describe('policies on resources that let anybody in', () => {
  const anybody = (action: string, condition?: unknown) =>
    policy(allow({ Action: action, Principal: '*', Resource: '*', ...(condition ? { Condition: condition } : {}) }));

  test.each<[string, string, string, Exposure['severity']]>([
    ['aws_s3_bucket_policy', 'policy', 's3:GetObject', 'high'],
    ['aws_s3_bucket_policy', 'policy', 's3:PutObject', 'critical'],
    ['aws_sqs_queue_policy', 'policy', 'sqs:SendMessage', 'high'],
    ['aws_sqs_queue', 'policy', 'sqs:SendMessage', 'high'],
    ['aws_sns_topic_policy', 'policy', 'sns:Publish', 'high'],
    ['aws_kms_key', 'policy', 'kms:Decrypt', 'critical'],
    ['aws_secretsmanager_secret_policy', 'policy', 'secretsmanager:GetSecretValue', 'critical'],
    ['aws_ecr_repository_policy', 'policy', 'ecr:BatchGetImage', 'medium'],
    ['aws_opensearch_domain', 'access_policies', 'es:*', 'critical'],
  ])('%s, %s, %s', (type, attribute, action, severity) => {
    expect(exposuresOf(created(type, { [attribute]: anybody(action) }))).toMatchObject([{ severity }]);
  });

  test.each<[string, unknown]>([
    ['the owner of the source', { StringEquals: { 'AWS:SourceOwner': '111111111111' } }],
    ['a topic', { ArnEquals: { 'aws:SourceArn': 'arn:aws:sns:eu-west-1:111111111111:a' } }],
    ['an office', { IpAddress: { 'aws:SourceIp': ['203.0.113.0/24'] } }],
    ['an endpoint', { StringEquals: { 'aws:SourceVpce': 'vpce-1' } }],
  ])('narrowed to %s is none', (_, condition) => {
    expect(exposuresOf(created('aws_sqs_queue_policy', { policy: anybody('sqs:SendMessage', condition) }))).toEqual([]);
  });

  test.each<[string, unknown]>([
    ['a condition about encryption', { Bool: { 'aws:SecureTransport': 'true' } }],
    ['any address', { IpAddress: { 'aws:SourceIp': '0.0.0.0/0' } }],
    ['any source', { ArnLike: { 'aws:SourceArn': '*' } }],
  ])('%s narrows nothing', (_, condition) => {
    expect(
      exposuresOf(created('aws_sqs_queue_policy', { policy: anybody('sqs:SendMessage', condition) })),
    ).toHaveLength(1);
  });

  test.each<[unknown, Exposure['severity'] | undefined]>([
    [{ principal: '*' }, 'high'],
    [{ principal: '*', function_url_auth_type: 'NONE' }, 'high'],
    [{ principal: '*', principal_org_id: 'o-1' }, undefined],
    [{ principal: 'sns.amazonaws.com' }, 'low'],
    [{ principal: 'sns.amazonaws.com', source_arn: 'arn:aws:sns:x' }, undefined],
  ])('permission to call a function %j', (after, severity) => {
    expect(exposuresOf(created('aws_lambda_permission', after))[0]?.severity).toBe(severity);
  });
});

describe('safety nets that are taken away', () => {
  test.each<[unknown, unknown, string]>([
    [{ deletion_protection: true }, { deletion_protection: false }, 'turns its deletion protection off'],
    [{ skip_final_snapshot: false }, { skip_final_snapshot: true }, 'will keep no final snapshot when deleted'],
    [
      { force_destroy: false },
      { force_destroy: true },
      'may from now on be deleted with everything in it (force_destroy)',
    ],
    [{ backup_retention_period: 7 }, { backup_retention_period: 0 }, 'keeps backups for 0 instead of 7 days'],
  ])('%j -> %j', (before, after, why) => {
    const { blastRadius } = analyse(planOf({ resource_changes: [change({ type: 'aws_db_instance', before, after })] }));
    expect(blastRadius.level).toBe('high');
    expect(blastRadius.reasons).toContain(`aws_db_instance.this ${why}.`);
  });
});

test('no recorded plan but 07 exposes anything', () => {
  const others = [
    '01-create-web-app',
    '04-replace-database',
    '05-destroy-everything',
    '10-import-only',
    '13-sensitive-values',
    '14-count-shrinks',
    '17-resource-drift',
  ];
  expect(others.flatMap((name) => analyse(recordedPlan(name)).blastRadius.exposures)).toEqual([]);
});
