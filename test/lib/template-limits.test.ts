import { describe, expect, test } from '@jest/globals';
import { MOST_LISTED_CHARACTERS, MOST_SOURCES } from '../../lib/account-limits.ts';
import { ConfigurationError, parseConfig } from '../../lib/config.ts';
import { ofType, stagegate } from '../harness/synthesized.ts';

const connections = (count: number): string[] =>
  Array.from(
    { length: count },
    (_, at) => `github=arn:aws:codeconnections:eu-west-1:111111111111:connection/${String(at).padStart(8, '0')}`,
  );
const roles = (count: number): string[] =>
  Array.from({ length: count }, (_, at) => `arn:aws:iam::111111111111:role/staff-${String(at).padStart(4, '0')}`);
const repositories = (count: number): string[] =>
  Array.from(
    { length: count },
    (_, at) => `arn:aws:codecommit:eu-west-1:111111111111:c-${String(at).padStart(3, '0')}`,
  );
const hosts = (count: number): string[] =>
  Array.from({ length: count }, (_, at) => `git-${String(at).padStart(4, '0')}.with-a-name-of-forty.acme.example`);

/** Limits of CloudFormation, IAM and Lambda that the lists of a configuration can reach. */
describe('with as many connections as are allowed, the template', () => {
  const template = stagegate({ allowedConnectionArns: connections(MOST_SOURCES) });

  test('has no more than 500 resources, 200 parameters and outputs, and 1 MB', () => {
    expect(Object.keys(template.Resources).length).toBeLessThanOrEqual(500);
    expect(Object.keys(template.Outputs).length).toBeLessThanOrEqual(200);
    expect(JSON.stringify(template).length).toBeLessThan(1_000_000);
  });

  test('gives no role inline policies of more than 10,240 characters', () => {
    const sizes = ofType(template, 'AWS::IAM::Role').map(([id, { Properties }]) => ({
      id,
      // A reference stands for a name or ARN, which is about as long as the reference itself.
      size: (Properties.Policies ?? []).reduce(
        (sum: number, { PolicyDocument }: { PolicyDocument: unknown }) => sum + JSON.stringify(PolicyDocument).length,
        0,
      ),
    }));
    expect(sizes.length).toBeGreaterThan(30);
    expect(sizes.filter(({ size }) => size > 10_240)).toEqual([]);
  });

  test('gives no function more than 4 KB of variables', () => {
    const fitting = MOST_LISTED_CHARACTERS / 50;
    const configured = stagegate({
      pinnedSessionRoleArns: roles(fitting),
      allowedCodeCommitArns: repositories(fitting),
      headHosts: hosts(fitting),
    });
    for (const [, { Properties }] of [
      ...ofType(template, 'AWS::Lambda::Function'),
      ...ofType(configured, 'AWS::Lambda::Function'),
    ])
      expect(JSON.stringify(Properties.Environment?.Variables ?? {}).length).toBeLessThan(4096);
  });
});

describe('one more is refused when the app is synthesized', () => {
  test('of connections, secrets and repositories', () => {
    const configured = () => parseConfig({ 'stagegate:allowedConnectionArns': connections(MOST_SOURCES + 1) });
    expect(configured).toThrow(ConfigurationError);
    expect(configured).toThrow(`allowedConnectionArns: with secrets, ${MOST_SOURCES + 1} credentials`);
    expect(() => parseConfig({ 'stagegate:allowedConnectionArns': connections(MOST_SOURCES) })).not.toThrow();
  });

  test.each([
    ['pinnedSessionRoleArns', roles],
    ['allowedPlanRoleArns', roles],
    ['allowedApplyRoleArns', roles],
    ['allowedStateRoleArns', roles],
    ['allowedDnsRoleArns', roles],
    ['allowedCodeCommitArns', repositories],
    ['headHosts', hosts],
  ])('of %s', (key, listed) => {
    const fitting = MOST_LISTED_CHARACTERS / 50;
    expect(() => parseConfig({ [`stagegate:${key}`]: listed(fitting) })).not.toThrow();
    expect(() => parseConfig({ [`stagegate:${key}`]: listed(fitting * 2) })).toThrow(
      `stagegate:${key}: at most ${MOST_LISTED_CHARACTERS} characters in all`,
    );
  });
});
