import { describe, expect, test } from '@jest/globals';
import { PLAN_READS } from '../../lambdas/domain/contract/plan-reads.ts';
import { asList, flat, ofType, only, type Statement, synthesize, type Template } from '../harness/synthesized.ts';

const templates = synthesize();
const named = (name: string): Template => {
  const template = templates[name];
  if (!template) throw new Error(`no stack ${name}`);
  return template;
};
const target = named('StagegateTargetAccount');
const stateBucket = named('StagegateStateBucket');

const STATE =
  'arn:<AWS::Partition>:s3:::<IsStateBucketEmpty?stagegate-state-<AWS::AccountId>-<AWS::Region>:<StateBucket>>';
const OWN = `${STATE}/<IsStateKeyEmpty?apps/<Application>/<Environment>/terraform.tfstate:<StateKey>>`;

/** The root of the control account, read from the ARN of the broker's role. */
const CONTROL_ACCOUNT = {
  'Fn::Join': [
    '',
    [
      'arn:',
      { Ref: 'AWS::Partition' },
      ':iam::',
      { 'Fn::Select': [4, { 'Fn::Split': [':', { Ref: 'CredentialsRoleArn' }] }] },
      ':root',
    ],
  ],
};

const roles = Object.fromEntries(
  ofType(target, 'AWS::IAM::Role').map(([, { Properties }]) => [flat(Properties.RoleName), Properties]),
);
const role = (purpose: string) => roles[`stagegate-<Application>-<Environment>-${purpose}`];
const statementsOf = (purpose: string): (Statement & { Sid: string })[] =>
  role(purpose).Policies[0].PolicyDocument.Statement;
const statement = (purpose: string, sid: string) => {
  const found = statementsOf(purpose).find(({ Sid }) => Sid === sid);
  if (!found) throw new Error(`no statement ${sid}`);
  return found;
};
type Conditions = Record<string, Record<string, string | string[]>>;
const policyNamed = (id: string) => {
  const [, found] = ofType(target, 'AWS::IAM::ManagedPolicy').find(([logicalId]) => logicalId === id) ?? [];
  if (!found) throw new Error(`no policy ${id}`);
  return found;
};
const resourcesOf = ({ Resource }: Statement) => asList(Resource).map(flat);

describe('the template for a target account', () => {
  test('needs no bootstrap and no assets, so that a StackSet can use it', () => {
    expect(Object.keys(target.Parameters ?? {}).sort()).toEqual([
      'Application',
      'ApplyPolicyArns',
      'CertificateCommonName',
      'CredentialsRoleArn',
      'DnsRoleArns',
      'Environment',
      'ExternalId',
      'HostedZoneId',
      'Hostname',
      'LockTable',
      'PlanReadsApiKeys',
      'PlanReadsFunctions',
      'PlanReadsInstances',
      'PlanReadsLaunchTemplates',
      'PlanReadsLogs',
      'PlanReadsOther',
      'PlanReadsParameters',
      'PlanReadsQueues',
      'PlanReadsS3',
      'PlanReadsTables',
      'PlanReadsTemplates',
      'PlanReadsVpnKeys',
      'StateBucket',
      'StateKey',
      'StateKmsKeyArn',
      'StateReaderRoleArns',
    ]);
    expect(JSON.stringify(target)).not.toMatch(/cdk-hnb659fds|BootstrapVersion/);
  });

  test('does not show the external id', () => {
    expect(target.Parameters?.ExternalId).toMatchObject({ NoEcho: true });
    expect(JSON.stringify(target.Outputs)).not.toContain('ExternalId');
  });

  const trustOf = (purpose: string) => {
    const [only_, ...others] = role(purpose).AssumeRolePolicyDocument.Statement;
    expect(others).toEqual([]);
    expect(only_.Action).toBe('sts:AssumeRole');
    return { principal: only_.Principal, conditions: only_.Condition };
  };
  /** The trust in roles of the control account by their names: a role as principal would be replaced by its unique id. */
  const trusting = (roleArns: string) => ({
    principal: { AWS: CONTROL_ACCOUNT },
    conditions: {
      ArnEquals: { 'aws:PrincipalArn': { Ref: roleArns } },
      StringEquals: { 'sts:ExternalId': { Ref: 'ExternalId' } },
    },
  });

  test('its state role trusts the functions that read states only, with the external id', () => {
    expect(trustOf('state')).toEqual(trusting('StateReaderRoleArns'));
  });

  test.each(['plan', 'apply'])('its %s role trusts the credentials broker, with the external id', (purpose) => {
    expect(trustOf(purpose)).toEqual(trusting('CredentialsRoleArn'));
  });

  test.each(['CredentialsRoleArn', 'StateReaderRoleArns', 'DnsRoleArns'])('%s names roles in full', (name) => {
    const pattern = new RegExp(String(target.Parameters?.[name]?.AllowedPattern ?? '$^'));
    expect(pattern.test('arn:aws-us-gov:iam::111111111111:role/stagegate-credentials')).toBe(true);
    expect(pattern.test('arn:aws:iam::111111111111:role/stagegate-*')).toBe(false);
  });

  test('its plan role reads, and writes nothing but the lock', () => {
    expect(role('plan').ManagedPolicyArns.map(flat)).toEqual([
      'arn:<AWS::Partition>:iam::aws:policy/ReadOnlyAccess',
      '<PlanReads>',
    ]);
    const writing = statementsOf('plan').filter(
      ({ Effect, Action }) => Effect === 'Allow' && asList(Action).some((action) => /Put|Delete/.test(action)),
    );
    expect(writing.map(({ Sid }) => Sid)).toEqual(['LockState']);
    expect(resourcesOf(statement('plan', 'LockState'))).toEqual([`${OWN}.tflock`]);
    expect(resourcesOf(statement('plan', 'ReadState'))).toEqual([OWN]);
    expect(statement('plan', 'ListStates').Action).toBe('s3:ListBucket');
  });

  test('its state role reads the state, and nothing else', () => {
    expect(role('state').ManagedPolicyArns).toEqual([]);
    expect(statementsOf('state').map(({ Sid, Action }) => [Sid, Action])).toEqual([
      ['ReadState', 's3:GetObject'],
      ['ListStates', 's3:ListBucket'],
      ['UseStateKey', 'kms:Decrypt'],
    ]);
    expect(resourcesOf(statement('state', 'ReadState'))).toEqual([OWN]);
  });

  test('its apply role has the policies its owner chooses, and its own state', () => {
    const [condition, ours, chosen] = role('apply').ManagedPolicyArns['Fn::If'];
    expect(target.Conditions?.[condition]).toEqual({
      'Fn::Equals': [{ 'Fn::Join': ['', { Ref: 'ApplyPolicyArns' }] }, ''],
    });
    expect(chosen).toEqual({ Ref: 'ApplyPolicyArns' });
    expect(target.Parameters?.ApplyPolicyArns).toMatchObject({ Default: '' });
    expect(ours.map(flat)).toEqual(['arn:<AWS::Partition>:iam::aws:policy/AdministratorAccess']);
    expect(resourcesOf(statement('apply', 'WriteState'))).toEqual([OWN]);
    expect(resourcesOf(statement('apply', 'LockState'))).toEqual([`${OWN}.tflock`]);
  });

  test.each(['plan', 'apply', 'state'])('its %s role uses the key of the state bucket only, through S3', (purpose) => {
    const { Condition } = statement(purpose, 'UseStateKey') as { Condition: { StringLike: Record<string, unknown> } };
    expect(Condition.StringLike['kms:ViaService']).toBe('s3.*');
    expect(asList(Condition.StringLike['kms:EncryptionContext:aws:s3:arn']).map(flat)).toEqual([STATE, `${STATE}/*`]);
  });

  test.each(['plan', 'apply'])('its %s role cannot loosen what keeps environments apart', (purpose) => {
    const denied = statementsOf(purpose).filter(({ Effect }) => Effect === 'Deny');
    expect(denied.map(({ Sid }) => Sid)).toEqual(['KeepRoles', 'KeepStateBucket']);
    expect(statement(purpose, 'KeepRoles').Action).toBe('iam:*');
    expect(resourcesOf(statement(purpose, 'KeepRoles'))).toEqual([
      'arn:<AWS::Partition>:iam::<AWS::AccountId>:policy/stagegate-*',
      'arn:<AWS::Partition>:iam::<AWS::AccountId>:role/stagegate-*',
    ]);
    expect(resourcesOf(statement(purpose, 'KeepStateBucket')).sort()).toEqual([`${STATE}/*`, STATE].sort());
    expect(statement(purpose, 'KeepStateBucket').Action).toEqual(
      expect.arrayContaining(['s3:DeleteBucket*', 's3:DeleteObjectVersion*', 's3:PutBucket*']),
    );
  });

  test.each(['plan', 'apply', 'state'])(
    'its %s role uses a key of another account only if the stack names it',
    (purpose) => {
      const [named, own] = asList(statement(purpose, 'UseStateKey').Resource);
      expect(flat(own)).toBe('arn:<AWS::Partition>:kms:*:<AWS::AccountId>:key/*');
      expect(named).toEqual({
        'Fn::If': ['IsStateKmsKeyArnEmpty', { Ref: 'AWS::NoValue' }, { Ref: 'StateKmsKeyArn' }],
      });
      expect(target.Parameters?.StateKmsKeyArn?.Default).toBe('');
    },
  );

  test('its roles lock in a table only if the stack names one, and reach no lock of another state there', () => {
    const policy = policyNamed('LockTablePolicy');
    expect(policy).toMatchObject({
      Condition: 'HasLockTable',
      Properties: { Roles: [{ Ref: 'PlanRole' }, { Ref: 'ApplyRole' }] },
    });
    expect(target.Conditions?.HasLockTable).toEqual({ 'Fn::Not': [{ 'Fn::Equals': [{ Ref: 'LockTable' }, ''] }] });
    expect(target.Parameters?.LockTable).toMatchObject({ Default: '', AllowedPattern: '^$|^[A-Za-z0-9_.-]{3,255}$' });
    const state = OWN.replace('arn:<AWS::Partition>:s3:::', '');
    const items = [state, `${state}-md5`];
    const told = policy.Properties.PolicyDocument.Statement.map(
      ({ Sid, Effect, Action, Resource, Condition = {} }: Statement & { Sid: string; Condition?: Conditions }) => {
        const [[operator, keys] = []] = Object.entries(Condition);
        return [
          Sid,
          Effect,
          asList(Action).length,
          flat(Resource),
          operator,
          keys && asList(keys['dynamodb:LeadingKeys']),
        ];
      },
    );
    const table = 'arn:<AWS::Partition>:dynamodb:*:<AWS::AccountId>:table/<LockTable>';
    expect(told.map((each: unknown[]) => each.map((part) => (Array.isArray(part) ? part.map(flat) : part)))).toEqual([
      ['LockInTable', 'Allow', 3, table, 'ForAllValues:StringEquals', items],
      ['KeepOtherLocks', 'Deny', 5, table, 'ForAnyValue:StringNotEquals', items],
      ['NoWholeTable', 'Deny', 7, table, undefined, undefined],
    ]);
  });

  test('denies its plan role data in a policy that the role cannot be without, and in one of its own', () => {
    const [own, denied, ...others] = role('plan').Policies;
    expect([own.PolicyName, denied.PolicyName, others]).toEqual(['Environment', 'PlanReads', []]);
    const other = policyNamed('PlanReads').Properties;
    expect(flat(other.ManagedPolicyName)).toBe('stagegate-<Application>-<Environment>-plan');
    const statements = [...denied.PolicyDocument.Statement, ...other.PolicyDocument.Statement].map(
      (each) => each['Fn::If']?.[1] ?? each,
    );
    expect(statements.map(({ Effect, Sid, Action }) => [Effect, Sid, Action])).toEqual(
      PLAN_READS.map(({ parameter, actions }) => ['Deny', `No${parameter}`, actions]),
    );
  });

  test.each(PLAN_READS)('gives plans nothing of what $parameter is for, unless it says so', ({ parameter, given }) => {
    expect(target.Parameters?.[parameter]).toMatchObject(
      given === 'whole'
        ? { Type: 'String', Default: '', AllowedValues: ['', '*'] }
        : { Type: 'CommaDelimitedList', Default: '', AllowedPattern: '^$|^\\*$|^arn:[^\\s,]+$' },
    );
  });

  test.each(['plan', 'apply', 'state'])(
    'its %s role carries the tag by which the state bucket knows its state',
    (purpose) => {
      const [tag] = role(purpose).Tags;
      expect([tag.Key, `${STATE}/${flat(tag.Value)}`]).toEqual(['stagegate-state-key', OWN]);
    },
  );
});

describe('its role for DNS', () => {
  const [, dns] = ofType(target, 'AWS::IAM::Role').find(([id]) => id === 'DnsRole') ?? [];
  const OWN_ENVIRONMENT = '<Application>/<Environment>';
  const conditionsOf = (sid: string) => (statement('dns', sid) as unknown as { Condition: Conditions }).Condition;
  const values = (sid: string, operator: string, key: string) =>
    asList(conditionsOf(sid)[operator]?.[key] ?? []).map(flat);

  test('exists only where a hostname is given', () => {
    expect(dns).toMatchObject({ Condition: 'HasDns' });
    expect(target.Parameters?.Hostname).toMatchObject({ Default: '' });
    expect(target.Outputs?.DnsRoleArn).toMatchObject({ Condition: 'HasDns' });
  });

  test('trusts the functions for DNS and certificates only, with the external id', () => {
    expect(role('dns').AssumeRolePolicyDocument.Statement).toEqual([
      {
        Effect: 'Allow',
        Principal: { AWS: CONTROL_ACCOUNT },
        Action: 'sts:AssumeRole',
        Condition: {
          ArnEquals: { 'aws:PrincipalArn': { Ref: 'DnsRoleArns' } },
          StringEquals: { 'sts:ExternalId': { Ref: 'ExternalId' } },
        },
      },
    ]);
    expect(flat(templates.Stagegate?.Outputs?.DnsRoleArns?.Value)).toMatch(
      /^<FunctionsensurecertificateRole\w+.Arn>,<FunctionspublishdnsRole\w+.Arn>,<FunctionscheckcertificatesRole\w+.Arn>$/,
    );
  });

  test('has no managed policies and writes nothing but records and certificates', () => {
    expect(role('dns').ManagedPolicyArns).toBeUndefined();
    const reading = /:(?:Get|List|Describe)/;
    const writing = statementsOf('dns').flatMap(({ Action }) =>
      asList(Action).filter((action) => !reading.test(action)),
    );
    expect(writing.sort()).toEqual([
      'acm:AddTagsToCertificate',
      'acm:DeleteCertificate',
      'acm:RequestCertificate',
      'route53:ChangeResourceRecordSets',
    ]);
  });

  test('writes records of its own names only, and overwrites none', () => {
    const key = (name: string) => `route53:ChangeResourceRecordSets${name}`;
    expect(values('WriteOwnRecords', 'ForAllValues:StringLike', key('NormalizedRecordNames'))).toEqual([
      '<Hostname>',
      '_*.<Hostname>',
      '_*.<IsCertificateCommonNameEmpty?<Hostname>:<CertificateCommonName>>',
    ]);
    expect(values('WriteOwnRecords', 'ForAllValues:StringEquals', key('Actions'))).toEqual(['CREATE', 'DELETE']);
    expect(values('WriteOwnRecords', 'ForAllValues:StringEquals', key('RecordTypes'))).toEqual(['A', 'CNAME']);
  });

  test.each(['WriteOwnRecords', 'ReadZone'])('does %s in the zone that is given, if one is', (sid) => {
    expect(resourcesOf(statement('dns', sid))).toEqual([
      'arn:<AWS::Partition>:route53:::hostedzone/<IsHostedZoneIdEmpty?*:<HostedZoneId>>',
    ]);
  });

  test('requests certificates for its own names only, proven by DNS and tagged as its own', () => {
    expect(values('RequestOwnCertificate', 'ForAllValues:StringEquals', 'acm:DomainNames')).toEqual([
      '<Hostname>',
      '<IsCertificateCommonNameEmpty?<Hostname>:<CertificateCommonName>>',
    ]);
    expect(values('RequestOwnCertificate', 'StringEquals', 'acm:ValidationMethod')).toEqual(['DNS']);
    const tag = 'aws:RequestTag/stagegate-environment';
    for (const sid of ['RequestOwnCertificate', 'TagOwnCertificate'])
      expect(values(sid, 'StringEquals', tag)).toEqual([OWN_ENVIRONMENT]);
  });

  test('tags no certificate that has the tag of another environment, and with no other tag', () => {
    expect(values('TagOwnCertificate', 'StringEqualsIfExists', 'aws:ResourceTag/stagegate-environment')).toEqual([
      OWN_ENVIRONMENT,
    ]);
    expect(values('TagOwnCertificate', 'ForAllValues:StringEquals', 'aws:TagKeys')).toEqual(['stagegate-environment']);
  });

  test("touches no certificate without the environment's own tag", () => {
    expect(values('UseOwnCertificate', 'StringEquals', 'aws:ResourceTag/stagegate-environment')).toEqual([
      OWN_ENVIRONMENT,
    ]);
  });
});

describe('the template for a state bucket', () => {
  const bucket = only(stateBucket, 'AWS::S3::Bucket');

  test('makes the bucket that environments use by convention, versioned, encrypted and kept', () => {
    expect(flat(bucket.Properties.BucketName)).toBe('stagegate-state-<AWS::AccountId>-<AWS::Region>');
    expect(bucket.Properties.VersioningConfiguration).toEqual({ Status: 'Enabled' });
    const [rule] = bucket.Properties.BucketEncryption.ServerSideEncryptionConfiguration;
    expect(rule.ServerSideEncryptionByDefault.SSEAlgorithm).toBe('aws:kms');
    expect(bucket.DeletionPolicy).toBe('Retain');
    expect(only(stateBucket, 'AWS::KMS::Key').DeletionPolicy).toBe('Retain');
  });

  test('needs no parameters, bootstrap or assets', () => {
    expect(stateBucket.Parameters).toBeUndefined();
    expect(JSON.stringify(stateBucket)).not.toMatch(/cdk-hnb659fds/);
  });

  test("refuses each environment's roles every other environment's state", () => {
    const statements = only(stateBucket, 'AWS::S3::BucketPolicy').Properties.PolicyDocument.Statement;
    const deny = statements.find(({ Sid }: { Sid?: string }) => Sid === 'OnlyOwnState');
    const [bucketId] = ofType(stateBucket, 'AWS::S3::Bucket')[0] ?? [];
    const own = `<${bucketId}.Arn>/<aws:PrincipalTag/stagegate-state-key>`;
    expect(deny).toMatchObject({ Effect: 'Deny', Principal: { AWS: '*' } });
    expect(deny.Action).toEqual(['s3:DeleteObject*', 's3:GetObject*', 's3:PutObject*']);
    expect(deny.NotResource.map(flat)).toEqual([own, `${own}.tflock`]);
    expect(flat(deny.Condition.ArnLike['aws:PrincipalArn'])).toBe(
      'arn:<AWS::Partition>:iam::<AWS::AccountId>:role/stagegate-*',
    );
  });

  test('demands TLS', () => {
    const statements = only(stateBucket, 'AWS::S3::BucketPolicy').Properties.PolicyDocument.Statement;
    expect(statements).toContainEqual(
      expect.objectContaining({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
    );
  });

  test('lets no environment take the key away', () => {
    const statements = only(stateBucket, 'AWS::KMS::Key').Properties.KeyPolicy.Statement;
    const deny = statements.find(({ Sid }: { Sid?: string }) => Sid === 'OnlyUse');
    expect(deny.Action).toEqual(expect.arrayContaining(['kms:PutKeyPolicy', 'kms:ScheduleKeyDeletion']));
  });
});
