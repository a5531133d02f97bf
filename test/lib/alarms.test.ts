import { describe, expect, test } from '@jest/globals';
import { flat, ofType, only, stagegate } from '../harness/synthesized.ts';

const alarmsOf = (configuration = {}) =>
  ofType(stagegate(configuration), 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => Properties);

describe('alarms', () => {
  const alarms = alarmsOf();

  test('watch failed and stuck deployments, lost approvers and every dead-letter queue', () => {
    expect(alarms.map(({ AlarmName }) => AlarmName).sort()).toEqual([
      'stagegate-ApproversLost',
      'stagegate-CertificatesFailing',
      'stagegate-CredentialsRefused',
      'stagegate-DeadLetters-branch-gone',
      'stagegate-DeadLetters-check-certificates',
      'stagegate-DeadLetters-check-records',
      'stagegate-DeadLetters-promote',
      'stagegate-DeadLetters-reconcile',
      'stagegate-DeadLetters-register-push',
      'stagegate-DeadLetters-send-reminders',
      'stagegate-DeadLetters-sweep',
      'stagegate-DeadLetters-sweep-subscriptions',
      'stagegate-DeploymentsFailed',
      'stagegate-DeploymentsStuck',
      'stagegate-EnvironmentsStuck',
      'stagegate-ProviderCacheMismatches',
      'stagegate-RepositoriesReplaced',
      'stagegate-UnreadableRecords',
      'stagegate-WebhooksRefused',
    ]);
  });

  test('watch the dead letters of the look at heads, where there is one', () => {
    const names = alarmsOf({ headHosts: 'git.example' }).map(({ AlarmName }) => AlarmName);
    expect(names.sort()).toEqual(
      [...alarms.map(({ AlarmName }) => AlarmName), 'stagegate-DeadLetters-look-at-heads'].sort(),
    );
  });

  test.each(['DeploymentsFailed', 'DeploymentsStuck', 'EnvironmentsStuck', 'ApproversLost', 'ProviderCacheMismatches'])(
    '%s counts what functions write, not failed executions',
    (name) => {
      const alarm = alarms.find(({ MetricName }) => MetricName === name);
      expect(alarm).toMatchObject({
        Namespace: 'Stagegate',
        Dimensions: [{ Name: 'service', Value: 'deployments' }],
        Statistic: 'Sum',
        Threshold: 1,
        ComparisonOperator: 'GreaterThanOrEqualToThreshold',
        TreatMissingData: 'notBreaching',
      });
    },
  );

  test('say what users notice', () => {
    for (const { AlarmDescription } of alarms) expect(AlarmDescription).toMatch(/^User impact: [A-Z].{20,}\.$/);
  });

  test('go nowhere by default', () => {
    for (const { AlarmActions } of alarms) expect(AlarmActions).toBeUndefined();
  });

  test('go to an existing topic', () => {
    const alarmTopicArn = 'arn:aws:sns:eu-west-1:111111111111:ops';
    for (const { AlarmActions } of alarmsOf({ alarmTopicArn })) expect(AlarmActions).toEqual([alarmTopicArn]);
  });

  test('go to an e-mail address, over an encrypted topic that CloudWatch may use', () => {
    const configuration = { alarmEmail: 'ops@example.com' };
    const template = stagegate(configuration);
    expect(only(template, 'AWS::SNS::Subscription').Properties).toMatchObject({
      Protocol: 'email',
      Endpoint: 'ops@example.com',
    });
    const topics = ofType(template, 'AWS::SNS::Topic').map(([id, { Properties }]) => [
      id,
      flat(Properties.KmsMasterKeyId),
    ]);
    const [topicId] = topics.find(([id]) => id?.startsWith('Alarms')) ?? [];
    for (const { AlarmActions } of alarmsOf(configuration)) expect(AlarmActions).toEqual([{ Ref: topicId }]);
    const [, dataKey] = ofType(template, 'AWS::KMS::Key').find(([id]) => id.startsWith('EncryptionDataKey')) ?? [];
    const services = dataKey?.Properties.KeyPolicy.Statement.map(
      ({ Principal }: { Principal: { Service?: unknown } }) => flat(Principal.Service),
    );
    expect(services).toContain('cloudwatch.amazonaws.com');
  });
});
