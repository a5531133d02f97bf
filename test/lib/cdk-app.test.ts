import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { Stack, Validations } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import type { IConstruct } from 'constructs';
import { CHECKS } from '../../lib/checks.ts';
import { LeastPrivilegeRole } from '../../lib/constructs/permissions.ts';
import { appWith, emptyApp, makeStandIns } from '../harness/cdk-app.ts';

/** Tests that need the constructs themselves. Suites that only read templates do not load the CDK. */

const standIns = makeStandIns();
afterAll(standIns.remove);

const findingsIn = (scope: IConstruct): string[] =>
  CHECKS.flatMap((Checks) => new Checks().validateScope(scope).violations.map(({ ruleName }) => ruleName));

describe('cdk-nag', () => {
  test('finds nothing that is not acknowledged with a reason', () => {
    expect(findingsIn(appWith({}, standIns))).toEqual([]);
  });

  test('finds nothing in a configuration with everything switched on', () => {
    const app = appWith(
      {
        alarmEmail: 'ops@example.com',
        bootstrapKeyArn: 'arn:aws:kms:eu-west-1:111111111111:key/1234abcd',
        allowedConnectionArns: ['github=arn:aws:codeconnections:eu-west-1:111111111111:connection/abc'],
        allowedSecretArns: ['github=arn:aws:secretsmanager:eu-west-1:111111111111:secret:git-AbCdEf'],
        allowedCodeCommitArns: ['arn:aws:codecommit:eu-west-1:111111111111:acme-config'],
        allowedPlanRoleArns: ['arn:aws:iam::*:role/plan-*'],
        removalPolicy: 'destroy',
      },
      standIns,
    );
    expect(findingsIn(app)).toEqual([]);
  });

  test('would find a bucket without encryption in transit', () => {
    const stack = new Stack(emptyApp(standIns), 'Naive');
    new Bucket(stack, 'Bucket');
    expect(findingsIn(stack)).toContain('AwsSolutions-S10');
  });

  test('acknowledgements each have a reason of a sentence', () => {
    const reasons = appWith({}, standIns)
      .node.findAll()
      .flatMap(({ node }) => node.metadata)
      .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
      .flatMap(({ data }) => Object.entries(data as Record<string, string>));
    expect(reasons.length).toBeGreaterThan(20);
    for (const [id, reason] of reasons) expect([id, reason.split(' ').length > 5]).toEqual([id, true]);
  });
});

describe('a role of least privilege', () => {
  const props = { description: 'a role', assumedBy: new ServicePrincipal('lambda.amazonaws.com') };

  test('fails when a wildcard has no reason', () => {
    const stack = new Stack(emptyApp(standIns), 'Stack');
    const bucket = new Bucket(stack, 'Bucket');
    const permissions = [{ actions: ['s3:GetObject'], resources: [bucket.arnForObjects('*')] }];
    expect(() => new LeastPrivilegeRole(stack, 'Role', { ...props, permissions })).toThrow(
      /granting s3:GetObject on <Bucket[0-9A-F]+\.Arn>\/\*: a wildcard needs its reason/,
    );
  });

  test('keeps its policy when other constructs want to add to it', () => {
    const stack = new Stack(emptyApp(standIns), 'Stack');
    const role = new LeastPrivilegeRole(stack, 'Role', { ...props, permissions: [] }).withoutPolicyUpdates();
    expect(role).not.toBeInstanceOf(Role);
    role.addToPrincipalPolicy(new PolicyStatement({ actions: ['s3:*'], resources: ['*'] }));
    expect(stack.node.findAll().filter(({ node }) => node.id === 'DefaultPolicy')).toEqual([]);
  });
});

test('an app fails to synthesize, by name, when the bundle of a function is missing', () => {
  const empty = { ...standIns, functionsDirectory: join(standIns.functionsDirectory, '..', 'nowhere') };
  expect(readdirSync(standIns.functionsDirectory)).toContain('read');
  expect(() => appWith({}, empty)).toThrow(/nowhere\/read/);
});
