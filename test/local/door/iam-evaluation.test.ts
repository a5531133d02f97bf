// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are policy variables
import { describe, expect, test } from '@jest/globals';
import { createAuthorization } from '../../../local/door/authorization.ts';
import { roleSession, serviceCaller } from '../../../local/door/callers.ts';
import { createPolicyRegistry } from '../../../local/door/iam/policy-registry.ts';
import type { Caller, RequiredPermission } from '../../../local/door/wire.ts';

const ACCOUNT = '000000000000';
const ROLE = `arn:aws:iam::${ACCOUNT}:role/worker`;
const FOREIGN_ROLE = 'arn:aws:iam::111111111111:role/visitor';
const worker = roleSession(ROLE, 'session');
const visitor = roleSession(FOREIGN_ROLE, 'session');
const TABLE = `arn:aws:dynamodb:eu-west-1:${ACCOUNT}:table/main`;
const KEY = `arn:aws:kms:eu-west-1:${ACCOUNT}:key/0000`;

const statement = (more: Record<string, unknown>) => ({ Effect: 'Allow', Action: '*', Resource: '*', ...more });
const trustAnyone = { Statement: { Effect: 'Allow', Principal: { AWS: '*' }, Action: 'sts:AssumeRole' } };

interface World {
  readonly identity?: readonly unknown[];
  readonly resource?: Readonly<Record<string, readonly unknown[]>>;
}

/** Returns whether the caller has the permission, and AWS's message if not. */
function judge(world: World, caller: Caller, permission: RequiredPermission): string {
  const registry = createPolicyRegistry();
  for (const role of [ROLE, FOREIGN_ROLE]) {
    registry.putRole(role, trustAnyone);
    registry.putRolePolicy(role, 'inline', { Version: '2012-10-17', Statement: world.identity ?? [] });
  }
  for (const [arn, statements] of Object.entries(world.resource ?? {})) {
    registry.setResourcePolicy(arn, { Version: '2012-10-17', Statement: statements });
  }
  try {
    createAuthorization(registry).authorize(caller, permission, 'eu-west-1');
    return 'allowed';
  } catch (error) {
    return (error as Error).message;
  }
}

const get = { action: 'dynamodb:GetItem', resources: [TABLE] };

describe('identity policies', () => {
  test.each<[string, readonly unknown[], RequiredPermission, 'allowed' | 'denied']>([
    ['nothing is allowed by itself', [], get, 'denied'],
    ['the exact action and resource', [statement({ Action: 'dynamodb:GetItem', Resource: TABLE })], get, 'allowed'],
    ['action names ignore case', [statement({ Action: 'DynamoDB:getitem' })], get, 'allowed'],
    ['a wildcard in the action', [statement({ Action: 'dynamodb:Get*' })], get, 'allowed'],
    ['a question mark is exactly one character', [statement({ Action: 'dynamodb:GetIte?' })], get, 'allowed'],
    ['a question mark is not nothing', [statement({ Action: 'dynamodb:GetItem?' })], get, 'denied'],
    ['a prefix without a wildcard is no match', [statement({ Action: 'dynamodb:Get' })], get, 'denied'],
    [
      'a dot in a resource is a dot',
      [statement({ Resource: 'arn:aws:s3:::a.b' })],
      { action: 's3:ListBucket', resources: ['arn:aws:s3:::axb'] },
      'denied',
    ],
    ['resources are case-sensitive', [statement({ Resource: TABLE.replace('main', 'Main') })], get, 'denied'],
    [
      'the table does not include its indexes',
      [statement({ Resource: TABLE })],
      { ...get, resources: [`${TABLE}/index/byStatus`] },
      'denied',
    ],
    ['the indexes do not include the table', [statement({ Resource: `${TABLE}/index/*` })], get, 'denied'],
    [
      'every resource of a call must be allowed',
      [statement({ Resource: TABLE })],
      { ...get, resources: [TABLE, `${TABLE}2`] },
      'denied',
    ],
    [
      'a wildcard does not reach across a colon',
      [statement({ Resource: 'arn:aws:logs:*:log-group:a' })],
      { action: 'logs:GetLogEvents', resources: [`arn:aws:logs:eu-west-1:${ACCOUNT}:log-group:a`] },
      'denied',
    ],
    [
      'a wildcard in the region part',
      [statement({ Resource: `arn:aws:dynamodb:*:${ACCOUNT}:table/main` })],
      get,
      'allowed',
    ],
    [
      'a wildcard in the last part takes its colons',
      [statement({ Resource: 'arn:aws:logs:*:*:log-group:*' })],
      { action: 'logs:PutLogEvents', resources: [`arn:aws:logs:eu-west-1:${ACCOUNT}:log-group:a:log-stream:b`] },
      'allowed',
    ],
    [
      'a bucket is not its objects',
      [statement({ Resource: 'arn:aws:s3:::data' })],
      { action: 's3:GetObject', resources: ['arn:aws:s3:::data/key'] },
      'denied',
    ],
    [
      '"*" as resource of a call needs "*"',
      [statement({ Resource: TABLE })],
      { action: 'dynamodb:ListTables', resources: ['*'] },
      'denied',
    ],
    [
      'an explicit deny wins',
      [statement({}), statement({ Effect: 'Deny', Action: 'dynamodb:GetItem' })],
      get,
      'denied',
    ],
    [
      'a deny on something else does not matter',
      [statement({}), statement({ Effect: 'Deny', Action: 'dynamodb:PutItem' })],
      get,
      'allowed',
    ],
    [
      'NotAction leaves out what it names',
      [{ Effect: 'Allow', NotAction: 'dynamodb:*', Resource: '*' }],
      get,
      'denied',
    ],
    ['NotAction allows the rest', [{ Effect: 'Allow', NotAction: ['iam:*'], Resource: '*' }], get, 'allowed'],
    ['NotResource leaves out what it names', [{ Effect: 'Allow', Action: '*', NotResource: TABLE }], get, 'denied'],
    [
      'a deny by NotResource',
      [statement({}), { Effect: 'Deny', Action: '*', NotResource: `${TABLE}x` }],
      get,
      'denied',
    ],
    [
      'a deny by NotResource leaves out each that it names',
      [statement({}), { Effect: 'Deny', Action: '*', NotResource: [`${TABLE}x`, TABLE] }],
      get,
      'allowed',
    ],
    [
      'a deny by NotResource takes wildcards',
      [statement({}), { Effect: 'Deny', Action: '*', NotResource: 'arn:aws:dynamodb:*:*:table/ma*' }],
      get,
      'allowed',
    ],
    [
      'a deny by NotResource "*" denies nothing',
      [statement({}), { Effect: 'Deny', Action: '*', NotResource: [`${TABLE}x`, '*'] }],
      get,
      'allowed',
    ],
    [
      'an allow makes no exception from a deny by NotResource',
      [statement({ Action: get.action, Resource: TABLE }), { Effect: 'Deny', Action: '*', NotResource: `${TABLE}x` }],
      get,
      'denied',
    ],
    [
      'a deny by NotResource concerns its own actions only',
      [statement({}), { Effect: 'Deny', Action: 'dynamodb:Query', NotResource: `${TABLE}x` }],
      get,
      'allowed',
    ],
  ])('%s', (_, identity, permission, expected) => {
    expect(judge({ identity }, worker, permission) === 'allowed' ? 'allowed' : 'denied').toBe(expected);
  });

  test('a refusal names caller, action, resource and reason as AWS does', () => {
    expect(judge({}, worker, get)).toBe(
      `User: arn:aws:sts::${ACCOUNT}:assumed-role/worker/session is not authorized to perform: dynamodb:GetItem on resource: ${TABLE} because no identity-based policy allows the dynamodb:GetItem action`,
    );
    expect(judge({ identity: [statement({ Effect: 'Deny' })] }, worker, get)).toContain(
      'with an explicit deny in an identity-based policy',
    );
  });
});

describe('conditions', () => {
  const context = { 's3:prefix': 'runs/1/', 'kms:RequestAlias': ['a', 'b'] };
  test.each<[string, Record<string, Record<string, unknown>>, boolean]>([
    ['StringEquals', { StringEquals: { 's3:prefix': 'runs/1/' } }, true],
    ['StringEquals is case-sensitive', { StringEquals: { 's3:prefix': 'Runs/1/' } }, false],
    ['any of several values', { StringEquals: { 's3:prefix': ['x', 'runs/1/'] } }, true],
    ['keys ignore case', { StringEquals: { 'S3:Prefix': 'runs/1/' } }, true],
    ['StringLike', { StringLike: { 's3:prefix': 'runs/*' } }, true],
    ['StringEquals knows no wildcards', { StringEquals: { 's3:prefix': 'runs/*' } }, false],
    ['StringNotEquals', { StringNotEquals: { 's3:prefix': 'runs/1/' } }, false],
    ['StringNotEquals of several means none of them', { StringNotEquals: { 's3:prefix': ['x', 'runs/1/'] } }, false],
    ['StringNotEquals holds without the key', { StringNotEquals: { 's3:delimiter': 'x' } }, true],
    ['StringEquals fails without the key', { StringEquals: { 's3:delimiter': 'x' } }, false],
    ['StringEqualsIfExists holds without the key', { StringEqualsIfExists: { 's3:delimiter': 'x' } }, true],
    ['StringEqualsIfExists judges the key that is there', { StringEqualsIfExists: { 's3:prefix': 'x' } }, false],
    ['Null true without the key', { Null: { 's3:delimiter': 'true' } }, true],
    ['Null false with the key', { Null: { 's3:prefix': false } }, true],
    ['Bool', { Bool: { 'aws:SecureTransport': 'true' } }, true],
    ['Bool false', { Bool: { 'aws:SecureTransport': false } }, false],
    ['ArnLike', { ArnLike: { 'aws:PrincipalArn': 'arn:aws:iam::*:role/work*' } }, true],
    ['ArnEquals takes wildcards too', { ArnEquals: { 'aws:PrincipalArn': 'arn:aws:iam::*:role/worker' } }, true],
    ['ArnLike part by part', { ArnLike: { 'aws:PrincipalArn': 'arn:aws:iam:*worker' } }, false],
    ['ForAnyValue', { 'ForAnyValue:StringEquals': { 'kms:RequestAlias': 'b' } }, true],
    ['ForAllValues', { 'ForAllValues:StringEquals': { 'kms:RequestAlias': ['a', 'b', 'c'] } }, true],
    ['ForAllValues with one outside', { 'ForAllValues:StringEquals': { 'kms:RequestAlias': ['a'] } }, false],
    ['ForAllValues holds without the key', { 'ForAllValues:StringEquals': { 's3:delimiter': 'x' } }, true],
    ['ForAnyValue fails without the key', { 'ForAnyValue:StringEquals': { 's3:delimiter': 'x' } }, false],
    ['NumericLessThan', { NumericLessThan: { 's3:max-keys': '10' } }, false],
    [
      'all conditions must hold',
      { StringLike: { 's3:prefix': 'runs/*' }, Bool: { 'aws:SecureTransport': 'false' } },
      false,
    ],
  ])('%s', (_, Condition, expected) => {
    const permission = { action: 's3:ListBucket', resources: ['arn:aws:s3:::data'], context };
    expect(judge({ identity: [statement({ Condition })] }, worker, permission) === 'allowed').toBe(expected);
  });
});

describe('resource policies', () => {
  const bucket = 'arn:aws:s3:::data';
  const read = { action: 's3:GetObject', resources: [`${bucket}/key`], resourceAccountId: ACCOUNT };
  const grant = (Principal: unknown, more = {}) => ({
    Effect: 'Allow',
    Principal,
    Action: 's3:GetObject',
    Resource: `${bucket}/*`,
    ...more,
  });

  test.each<[string, World, Caller, boolean]>([
    ['the bucket grants the role', { resource: { [bucket]: [grant({ AWS: ROLE })] } }, worker, true],
    [
      'the bucket grants the session',
      { resource: { [bucket]: [grant({ AWS: worker.kind === 'role' ? worker.arn : '' })] } },
      worker,
      true,
    ],
    [
      'the bucket leaves it to the account, which has no policy',
      { resource: { [bucket]: [grant({ AWS: ACCOUNT })] } },
      worker,
      false,
    ],
    [
      'the bucket denies what the role may',
      { identity: [statement({})], resource: { [bucket]: [grant('*', { Effect: 'Deny' })] } },
      worker,
      false,
    ],
    [
      'a deny of plain HTTP does not concern the door',
      {
        identity: [statement({})],
        resource: {
          [bucket]: [grant('*', { Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } })],
        },
      },
      worker,
      true,
    ],
    [
      'another account needs both: only the bucket grants',
      { resource: { [bucket]: [grant({ AWS: FOREIGN_ROLE })] } },
      visitor,
      false,
    ],
    ['another account needs both: only its role grants', { identity: [statement({})] }, visitor, false],
    [
      'another account has both',
      { identity: [statement({})], resource: { [bucket]: [grant({ AWS: '111111111111' })] } },
      visitor,
      true,
    ],
  ])('%s', (_, world, caller, expected) => {
    expect(judge(world, caller, read) === 'allowed').toBe(expected);
  });

  test('a service acts only where the resource names it, for the named source', () => {
    const target = `arn:aws:lambda:eu-west-1:${ACCOUNT}:function:f`;
    const rule = `arn:aws:events:eu-west-1:${ACCOUNT}:rule/r`;
    const invoke = { action: 'lambda:InvokeFunction', resources: [target] };
    const world = {
      resource: {
        [target]: [
          {
            Effect: 'Allow',
            Principal: { Service: 'events.amazonaws.com' },
            Action: 'lambda:InvokeFunction',
            Resource: target,
            Condition: { ArnLike: { 'AWS:SourceArn': rule } },
          },
        ],
      },
    };
    expect(judge(world, serviceCaller('events.amazonaws.com', rule, ACCOUNT), invoke)).toBe('allowed');
    expect(judge(world, serviceCaller('events.amazonaws.com', `${rule}2`, ACCOUNT), invoke)).toContain(
      'no resource-based policy allows',
    );
    expect(judge(world, serviceCaller('sns.amazonaws.com', rule, ACCOUNT), invoke)).toContain(
      'no resource-based policy allows',
    );
    expect(judge({}, serviceCaller('events.amazonaws.com', rule, ACCOUNT), invoke)).toBe(
      `User: events.amazonaws.com is not authorized to perform: lambda:InvokeFunction on resource: ${target} because no resource-based policy allows the lambda:InvokeFunction action`,
    );
  });

  test("a key's own policy must take part", () => {
    const decrypt = { action: 'kms:Decrypt', resources: [KEY] };
    const identity = [statement({ Action: 'kms:Decrypt' })];
    const toAccount = {
      Effect: 'Allow',
      Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` },
      Action: 'kms:*',
      Resource: '*',
    };
    const toRole = { ...toAccount, Principal: { AWS: ROLE } };
    expect(judge({ identity }, worker, decrypt)).toContain('no resource-based policy allows');
    expect(judge({ identity, resource: { [KEY]: [toAccount] } }, worker, decrypt)).toBe('allowed');
    expect(judge({ resource: { [KEY]: [toAccount] } }, worker, decrypt)).toContain('no identity-based policy allows');
    expect(judge({ resource: { [KEY]: [toRole] } }, worker, decrypt)).toBe('allowed');
  });

  test('the operator administers everything', () => {
    const operator: Caller = { kind: 'operator', arn: 'arn:aws:iam::000000000000:user/operator', accountId: ACCOUNT };
    expect(judge({ resource: { [bucket]: [grant('*', { Effect: 'Deny' })] } }, operator, read)).toBe('allowed');
  });
});

describe('policy variables', () => {
  const object = 'arn:aws:s3:::state/apps/a/dev1/terraform.tfstate';
  const judgeTagged = (tags: Record<string, string>, resource: string): string => {
    const registry = createPolicyRegistry();
    registry.putRole(ROLE, trustAnyone, tags);
    registry.putRolePolicy(ROLE, 'inline', {
      Statement: [
        statement({}),
        { Effect: 'Deny', Action: '*', NotResource: 'arn:aws:s3:::state/${aws:PrincipalTag/state-key}' },
      ],
    });
    try {
      createAuthorization(registry).authorize(worker, { action: 's3:GetObject', resources: [resource] }, 'eu-west-1');
      return 'allowed';
    } catch {
      return 'denied';
    }
  };
  test.each([
    ['the tag of the role', { 'State-Key': 'apps/a/dev1/terraform.tfstate' }, 'allowed'],
    ['the tag of another environment', { 'state-key': 'apps/a/prod1/terraform.tfstate' }, 'denied'],
    ['a wildcard in a tag, which is a plain star', { 'state-key': 'apps/*' }, 'denied'],
    ['no tag', {}, 'denied'],
  ])('%s', (_, tags, expected) => {
    expect(judgeTagged(tags, object)).toBe(expected);
  });
});

describe('assuming a role', () => {
  const TARGET = 'arn:aws:iam::111111111111:role/apply';
  const assume = (trust: unknown, identity: readonly unknown[], context?: Record<string, string>): string => {
    const registry = createPolicyRegistry();
    registry.putRole(ROLE, trustAnyone);
    registry.putRolePolicy(ROLE, 'inline', { Statement: identity });
    registry.putRole(TARGET, trust);
    try {
      createAuthorization(registry).authorizeAssumeRole(worker, TARGET, context, 'eu-west-1');
      return 'allowed';
    } catch (error) {
      return (error as Error).message;
    }
  };
  const mayAssume = [statement({ Action: 'sts:AssumeRole', Resource: TARGET })];
  const trusting = (Principal: unknown) => ({
    Statement: [
      {
        Effect: 'Allow',
        Principal,
        Action: 'sts:AssumeRole',
        Condition: { StringEquals: { 'sts:ExternalId': 'secret' } },
      },
    ],
  });

  test('needs the trust of the role, the external id and a permission of the caller', () => {
    expect(assume(trusting({ AWS: ROLE }), mayAssume, { 'sts:ExternalId': 'secret' })).toBe('allowed');
    expect(assume(trusting({ AWS: ROLE }), mayAssume, { 'sts:ExternalId': 'guess' })).toContain('sts:AssumeRole');
    expect(assume(trusting({ AWS: ROLE }), mayAssume)).toContain('no resource-based policy');
    expect(assume(trusting({ AWS: FOREIGN_ROLE }), mayAssume, { 'sts:ExternalId': 'secret' })).toContain(
      'no resource-based policy',
    );
    expect(assume(trusting({ AWS: ROLE }), [], { 'sts:ExternalId': 'secret' })).toContain('no identity-based policy');
  });

  describe('that trusts an account, and of it those whose names fit', () => {
    const named = (...patterns: string[]) => ({
      Statement: [
        {
          Effect: 'Allow',
          Principal: { AWS: 'arn:aws:iam::111111111111:root' },
          Action: 'sts:AssumeRole',
          Condition: {
            StringEquals: { 'sts:ExternalId': 'secret' },
            ArnLike: { 'aws:PrincipalArn': patterns.map((name) => `arn:aws:iam::111111111111:role/${name}`) },
          },
        },
      ],
    });
    const caller = (roleName: string, accountId = '111111111111', identity: readonly unknown[] = mayAssume) => {
      const roleArn = `arn:aws:iam::${accountId}:role/${roleName}`;
      const registry = createPolicyRegistry();
      registry.putRole(roleArn, trustAnyone);
      registry.putRolePolicy(roleArn, 'inline', { Statement: identity });
      registry.putRole(TARGET, named('stagegate-plan-build', 'stagegate-plan-build.*'));
      const judge = createAuthorization(registry);
      return (externalId: string) => () =>
        judge.authorizeAssumeRole(roleSession(roleArn, 'x'), TARGET, { 'sts:ExternalId': externalId }, 'eu-west-1');
    };

    test.each(['stagegate-plan-build', 'stagegate-plan-build.codecommit', 'stagegate-plan-build.github-0123456789ab'])(
      'lets %s in, with the external id',
      (name) => {
        expect(caller(name)('secret')).not.toThrow();
        expect(caller(name)('guess')).toThrow('no resource-based policy');
      },
    );

    test.each([
      ['another purpose', 'stagegate-apply-build'],
      ['another purpose with a credential', 'stagegate-apply-build.github-0123456789ab'],
      ['a name that only begins like it', 'stagegate-plan-build1-apply'],
      ['a name that has it behind a path', 'other/stagegate-plan-build'],
    ])('keeps %s out', (_, name) => {
      expect(caller(name)('secret')).toThrow('no resource-based policy');
    });

    test('keeps the same name of another account out, and who may not assume it', () => {
      expect(caller('stagegate-plan-build', '222222222222')('secret')).toThrow('no resource-based policy');
      expect(caller('stagegate-plan-build', '111111111111', [])('secret')).toThrow('no identity-based policy');
    });
  });

  test('a missing role refuses like any other', () => {
    const registry = createPolicyRegistry();
    expect(() => createAuthorization(registry).authorizeAssumeRole(worker, TARGET, undefined, 'eu-west-1')).toThrow(
      'not authorized',
    );
  });
});

describe('policies that the local cloud could not judge as AWS does', () => {
  test.each<[string, unknown, string]>([
    ['an empty NotResource', { Effect: 'Deny', Action: '*', NotResource: [] }, 'names nothing'],
    ['an empty Resource', { Effect: 'Allow', Action: '*', Resource: [] }, 'names nothing'],
    [
      'an unknown operator',
      statement({ Condition: { DateLessThan: { 'aws:CurrentTime': 'x' } } }),
      'condition operator DateLessThan is not supported',
    ],
    [
      'an unknown key',
      statement({ Condition: { StringEquals: { 'aws:MultiFactorAuthAge': 'x' } } }),
      'condition key aws:MultiFactorAuthAge is not known',
    ],
    [
      'a policy variable in a resource',
      statement({ Resource: 'arn:aws:s3:::data/${aws:username}' }),
      'condition key aws:username is not known',
    ],
    [
      'a policy variable in a condition',
      statement({ Condition: { StringEquals: { 's3:prefix': '${aws:username}' } } }),
      'policy variable in',
    ],
    ['an action without a service', statement({ Action: 'GetItem' }), '"GetItem" is not an action'],
    ['a resource that is no ARN', statement({ Resource: 'main' }), 'resource "main" is neither "*" nor an ARN'],
    ['a principal in an identity policy', statement({ Principal: '*' }), 'an identity policy names no Principal'],
    ['a federated principal', statement({ Principal: { Federated: 'x' } }), 'Principal'],
    ['no action', { Effect: 'Allow', Resource: '*' }, 'neither Action nor NotAction'],
    ['an unknown element', statement({ NotPrincipal: '*' }), 'NotPrincipal'],
  ])('%s fails by name when it is created', (_, bad, message) => {
    const registry = createPolicyRegistry();
    registry.putRole(ROLE, trustAnyone);
    expect(() => registry.putRolePolicy(ROLE, 'inline', { Version: '2012-10-17', Statement: [bad] })).toThrow(message);
  });

  test('an AWS managed policy it does not know is named', () => {
    const registry = createPolicyRegistry();
    registry.putRole(ROLE, trustAnyone);
    expect(() => registry.attachRolePolicy(ROLE, 'arn:aws:iam::aws:policy/PowerUserAccess')).toThrow(
      'AWS managed policy arn:aws:iam::aws:policy/PowerUserAccess is not known to the local cloud',
    );
  });

  test('ReadOnlyAccess reads, and neither writes nor decrypts', () => {
    const registry = createPolicyRegistry();
    registry.putRole(ROLE, trustAnyone);
    registry.attachRolePolicy(ROLE, 'arn:aws:iam::aws:policy/ReadOnlyAccess');
    const { authorize } = createAuthorization(registry);
    expect(() => authorize(worker, get, 'eu-west-1')).not.toThrow();
    expect(() => authorize(worker, { ...get, action: 'dynamodb:PutItem' }, 'eu-west-1')).toThrow('not authorized');
    expect(() => authorize(worker, { ...get, action: 's3:PutObject' }, 'eu-west-1')).toThrow('not authorized');
    expect(() => authorize(worker, { action: 'secretsmanager:GetSecretValue', resources: ['*'] }, 'eu-west-1')).toThrow(
      'not authorized',
    );
    expect(() => authorize(worker, { action: 'kms:Decrypt', resources: ['*'] }, 'eu-west-1')).toThrow('not authorized');
  });
});
