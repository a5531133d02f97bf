import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type CoreCloud, functionRole, lambdaFunction, openCoreCloud } from '../core-cloud.ts';

const metric = (name: string, value: number) =>
  JSON.stringify({
    _aws: {
      Timestamp: 1,
      CloudWatchMetrics: [
        { Namespace: 'Stagegate', Dimensions: [['service']], Metrics: [{ Name: name, Unit: 'Count' }] },
      ],
    },
    service: 'workflow',
    [name]: value,
  });

const alarm = (MetricName: string, more: Record<string, unknown> = {}) => ({
  Type: 'AWS::CloudWatch::Alarm',
  Properties: {
    AlarmName: MetricName,
    AlarmDescription: `when something ${MetricName}`,
    Namespace: 'Stagegate',
    MetricName,
    Dimensions: [{ Name: 'service', Value: 'workflow' }],
    Statistic: 'Sum',
    // Longer than the tests run.
    Period: 3600,
    EvaluationPeriods: 1,
    Threshold: 2,
    ComparisonOperator: 'GreaterThanOrEqualToThreshold',
    TreatMissingData: 'notBreaching',
    ...more,
  },
});

describe('logs and alarms', () => {
  let cloud: CoreCloud;
  let queueLength = 0;
  beforeAll(async () => {
    cloud = await openCoreCloud({
      gauges: () => [
        { namespace: 'Stagegate', name: 'letters', dimensions: { service: 'workflow' }, value: queueLength },
      ],
      handlers: { counts: `export const handler = async ({ line }) => { console.log(line); };` },
      resources: {
        Role: functionRole(),
        Group: { Type: 'AWS::Logs::LogGroup', Properties: { LogGroupName: '/own/group', RetentionInDays: 30 } },
        Counts: lambdaFunction('counts', { LoggingConfig: { LogGroup: { Ref: 'Group' } } }),
        Refused: {
          Type: 'AWS::Logs::MetricFilter',
          Properties: {
            LogGroupName: { Ref: 'Group' },
            FilterPattern: '{ ($.route = "POST /a") && (($.status = "429") || ($.status = "5*")) }',
            MetricTransformations: [{ MetricNamespace: 'Stagegate', MetricName: 'refused', MetricValue: '1' }],
          },
        },
        RefusedAlarm: alarm('refused', { Dimensions: undefined }),
        Failed: alarm('failed'),
        Letters: alarm('letters', { Threshold: 1, Statistic: 'Maximum' }),
        Stuck: alarm('stuck', { TreatMissingData: 'missing' }),
      },
    });
  });
  afterAll(() => cloud.stop());

  const states = (now?: Date) =>
    Object.fromEntries(cloud.cloudwatch.alarms(now).map(({ name, state }) => [name, state]));

  test('an alarm follows the metrics that functions write to their logs', async () => {
    expect(states()).toMatchObject({ failed: 'OK', stuck: 'INSUFFICIENT_DATA' });
    await cloud.invoke('counts', { line: metric('failed', 1) });
    await cloud.invoke('counts', { line: metric('stuck', 1) });
    expect(states()).toMatchObject({ failed: 'OK', stuck: 'OK' });
    await cloud.invoke('counts', { line: metric('failed', 1) });
    expect(states()).toMatchObject({ failed: 'ALARM', stuck: 'OK' });
    expect(states(new Date(Date.now() + 2 * 3_600_000))).toMatchObject({ failed: 'OK', stuck: 'INSUFFICIENT_DATA' });
  });

  test('an alarm follows the lines that a metric filter counts', async () => {
    const log = (route: string, status: string) => cloud.invoke('counts', { line: JSON.stringify({ route, status }) });
    await log('POST /a', '429');
    for (const [route, status] of [
      ['POST /b', '429'],
      ['POST /a', '401'],
      ['POST /a', '202'],
    ] as const)
      await log(route, status);
    expect(states().refused).toBe('OK');
    await log('POST /a', '503');
    expect(states().refused).toBe('ALARM');
  });

  test('an alarm follows what a service measures by itself', () => {
    expect(states().letters).toBe('OK');
    queueLength = 1;
    expect(states().letters).toBe('ALARM');
  });

  test('a function writes to the log group that the template gives it', async () => {
    await cloud.invoke('counts', { line: 'hello' });
    expect(cloud.logs.read('/own/group').map(({ message }) => message)).toContain('hello');
    expect(cloud.logs.groups()).toEqual(['/own/group']);
  });

  test('a role that may not write logs is mentioned when the cloud starts', async () => {
    const Role = {
      Type: 'AWS::IAM::Role',
      Properties: {
        AssumeRolePolicyDocument: {
          Statement: { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' },
        },
      },
    };
    const silent = await openCoreCloud({
      handlers: { counts: 'export const handler = async () => 1;' },
      resources: { Role, Counts: lambdaFunction('counts') },
    });
    expect(silent.events.map(({ message }) => message)).toEqual(
      expect.arrayContaining(['its role lacks logs:PutLogEvents: on AWS it would run without logs']),
    );
    await silent.stop();
  });
});

describe('roles and policies of a template', () => {
  test('inline, attached and managed policies and tags all count', async () => {
    const document = (Action: string) => ({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action, Resource: '*' }],
    });
    const cloud = await openCoreCloud({
      resources: {
        Role: {
          Type: 'AWS::IAM::Role',
          Properties: {
            RoleName: 'worker',
            AssumeRolePolicyDocument: {
              Statement: { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' },
            },
            Policies: [{ PolicyName: 'inline', PolicyDocument: document('s3:Inline') }],
            ManagedPolicyArns: [{ Ref: 'Before' }],
            Tags: [{ Key: 'team', Value: 'a' }],
          },
        },
        Before: { Type: 'AWS::IAM::ManagedPolicy', Properties: { PolicyDocument: document('s3:Before') } },
        After: {
          Type: 'AWS::IAM::ManagedPolicy',
          Properties: { PolicyDocument: document('s3:After'), Roles: [{ Ref: 'Role' }] },
        },
        Policy: {
          Type: 'AWS::IAM::Policy',
          Properties: { PolicyName: 'attached', PolicyDocument: document('s3:Attached'), Roles: [{ Ref: 'Role' }] },
        },
      },
    });
    const arn = 'arn:aws:iam::000000000000:role/worker';
    const actions = cloud.door.policies.identityStatements(arn).flatMap((statement) => statement.actions.patterns);
    expect(actions.sort()).toEqual(['s3:after', 's3:attached', 's3:before', 's3:inline']);
    expect(cloud.door.policies.roleTags(arn)).toEqual({ team: 'a' });
    await cloud.stop();
  });

  test.each<[string, unknown, string]>([
    [
      'a permissions boundary',
      { Type: 'AWS::IAM::Role', Properties: { AssumeRolePolicyDocument: { Statement: [] }, PermissionsBoundary: 'x' } },
      'PermissionsBoundary',
    ],
    [
      'a policy for users',
      {
        Type: 'AWS::IAM::Policy',
        Properties: { PolicyName: 'p', PolicyDocument: { Statement: [] }, Roles: ['r'], Users: ['u'] },
      },
      'Users',
    ],
    [
      'a policy for a role that is not there',
      { Type: 'AWS::IAM::Policy', Properties: { PolicyName: 'p', PolicyDocument: { Statement: [] }, Roles: ['r'] } },
      'role arn:aws:iam::000000000000:role/r does not exist',
    ],
  ])('%s fails by name', async (_, Thing, message) => {
    await expect(openCoreCloud({ resources: { Thing } })).rejects.toThrow(message);
  });
});
