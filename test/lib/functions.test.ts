import { describe, expect, test } from '@jest/globals';
import type * as z from 'zod';
import { requireAllowed } from '../../lambdas/domain/build/config-source.ts';
import { InvalidInputError } from '../../lambdas/domain/errors.ts';
import { FUNCTIONS, type FunctionName } from '../../lambdas/functions.ts';
import { ofType, stagegate, type Template } from '../harness/synthesized.ts';

/** With every function. */
const template = stagegate({ headHosts: 'git.example,github.com/acme' });
const functions = ofType(template, 'AWS::Lambda::Function').map(([, resource]) => resource);
const logicalIdOf = (name: string) =>
  ofType(template, 'AWS::Lambda::Function').find(
    ([, { Properties }]) => Properties.FunctionName === `stagegate-${name}`,
  )?.[0];
const called = (name: string) =>
  functions.find(({ Properties }) => Properties.FunctionName === `stagegate-${name}`)?.Properties;

describe('functions', () => {
  test('are those of the manifest', () => {
    const names = functions.map(({ Properties }) => Properties.FunctionName);
    expect(names.sort()).toEqual(
      Object.keys(FUNCTIONS)
        .map((name) => `stagegate-${name}`)
        .sort(),
    );
  });

  test('ask no repository for its heads unless hosts are named for that', () => {
    const found = ofType(stagegate(), 'AWS::Lambda::Function').map(([, { Properties }]) => Properties.FunctionName);
    expect(found).not.toContain('stagegate-look-at-heads');
    expect(found).toHaveLength(functions.length - 1);
    expect(called('look-at-heads')?.Environment.Variables.HEAD_HOSTS).toBe('git.example,github.com/acme');
  });

  test.each(Object.keys(FUNCTIONS))('%s runs on Node.js 24 and arm64, with explicit limits', (name) => {
    expect(called(name)).toMatchObject({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Handler: 'index.handler',
      MemorySize: expect.any(Number),
      Timeout: expect.any(Number),
    });
  });

  test.each(Object.keys(FUNCTIONS))('%s is traced, unless a schedule runs it every few minutes', (name) => {
    const schedules = ofType(template, 'AWS::Events::Rule').filter(
      ([, { Properties }]) =>
        /^rate\(\d+ minutes?\)$/.test(Properties.ScheduleExpression) &&
        JSON.stringify(Properties.Targets).includes(`"${logicalIdOf(name)}"`),
    );
    expect(called(name)?.TracingConfig).toEqual({ Mode: schedules.length > 0 ? 'PassThrough' : 'Active' });
  });

  test.each(Object.entries(FUNCTIONS))('%s is told exactly what its schema asks for', (name, { services }) => {
    const variables = called(name)?.Environment?.Variables ?? {};
    const needed = Object.entries<z.ZodType>(services.variables).filter(
      ([, schema]) => !schema.safeParse(undefined).success,
    );
    expect(Object.keys(variables).sort()).toEqual(needed.map(([variable]) => variable).sort());
  });

  test('know where executions are shown only where it is not the console of AWS', () => {
    const told = ofType(stagegate({ executionsPath: '/local/executions' }), 'AWS::Lambda::Function').filter(
      ([, { Properties }]) => Properties.Environment?.Variables?.EXECUTIONS_URL,
    );
    const path = '/local/executions/stagegate-deployment';
    const address = { 'Fn::Join': ['', [{ 'Fn::GetAtt': [expect.any(String), 'ApiEndpoint'] }, path]] };
    expect(told.map(([, { Properties }]) => Properties.FunctionName).sort()).toEqual(
      ['configure', 'decide', 'deploy', 'ephemeral', 'read'].map((name) => `stagegate-${name}`),
    );
    for (const [, { Properties }] of told) expect(Properties.Environment.Variables.EXECUTIONS_URL).toEqual(address);
  });

  test('behind the API answer before it gives up', () => {
    const api = Object.entries(FUNCTIONS).filter(([, { entry }]) => /^lambdas\/(api|pages)\//.test(entry));
    for (const [name] of api) expect(called(name)?.Timeout).toBeLessThan(30);
  });

  test('know the public address without a trailing slash', () => {
    expect(called('request-approval')?.Environment.Variables.PUBLIC_URL).toEqual({
      'Fn::GetAtt': [expect.stringContaining('RestApi'), 'ApiEndpoint'],
    });
  });

  test('that make links know the address in front of the API, if there is one', () => {
    const publicUrl = 'https://approve.acme.example';
    const told = ofType(stagegate({ publicUrl }), 'AWS::Lambda::Function').flatMap(
      ([, { Properties }]) => Properties.Environment?.Variables.PUBLIC_URL ?? [],
    );
    expect(told).toEqual([publicUrl, publicUrl, publicUrl]);
  });

  test('know the shortest gate of the configuration', () => {
    const least = (configuration = {}) =>
      ofType(stagegate(configuration), 'AWS::Lambda::Function').find(
        ([, { Properties }]) => Properties.FunctionName === 'stagegate-configure',
      )?.[1].Properties.Environment.Variables.LEAST_GATE_EXPIRY_SECONDS;
    expect([least(), least({ leastGateExpirySeconds: '60' })]).toEqual(['3600', '60']);
  });

  test('know the account that is no target, unless the configuration allows it', () => {
    const reserved = (configuration = {}) =>
      ofType(stagegate(configuration), 'AWS::Lambda::Function').find(
        ([, { Properties }]) => Properties.FunctionName === 'stagegate-configure',
      )?.[1].Properties.Environment.Variables.RESERVED_ACCOUNT;
    expect([reserved(), reserved({ allowControlAccountAsTarget: 'true' })]).toEqual([{ Ref: 'AWS::AccountId' }, '']);
  });

  test('know the roles whose sessions bear the name of the person', () => {
    const pinned = (configuration = {}) =>
      ofType(stagegate(configuration), 'AWS::Lambda::Function').find(
        ([, { Properties }]) => Properties.FunctionName === 'stagegate-approvers',
      )?.[1].Properties.Environment.Variables.PINNED_SESSION_ROLES;
    const roles = ['arn:aws:iam::111111111111:role/Staff', 'arn:aws:iam::111111111111:role/teams/Clients'];
    expect([pinned(), pinned({ pinnedSessionRoleArns: roles })]).toEqual(['', roles.join(',')]);
    expect(() => stagegate({ pinnedSessionRoleArns: 'arn:aws:iam::111111111111:role/*' })).toThrow('a wildcard');
  });

  test('are told what builds may fetch with, in the words with which they judge a repository', () => {
    const connection = 'arn:aws:codeconnections:eu-west-1:111111111111:connection/abc';
    const secret = 'arn:aws:secretsmanager:eu-west-1:111111111111:secret:git-AbCdEf';
    const configured = stagegate({
      allowedConnectionArns: `github=${connection}`,
      allowedSecretArns: `bitbucket=${secret}`,
      allowedCodeCommitArns: 'arn:aws:codecommit:eu-west-1:111111111111:config',
    });
    const told = (configuration: Template): readonly string[] => {
      const ALLOWED_SOURCES = ofType(configuration, 'AWS::Lambda::Function').find(
        ([, { Properties }]) => Properties.FunctionName === 'stagegate-configure',
      )?.[1].Properties.Environment.Variables.ALLOWED_SOURCES;
      const { allowedSources } = FUNCTIONS.configure.services.from({
        AWS_LAMBDA_FUNCTION_NAME: 'stagegate-configure',
        TABLE_NAME: 'records',
        LEAST_GATE_EXPIRY_SECONDS: '3600',
        ALLOWED_SOURCES,
        RESERVED_ACCOUNT: '',
      });
      return allowedSources;
    };
    const repositories = [
      { url: 'git@github.com:acme/config.git', connectionArn: connection },
      { url: 'https://bitbucket.org/acme/config.git', secretArn: secret },
      { url: 'https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/config' },
    ].map((repository) => ({ ...repository, branch: 'main' }));
    for (const repository of repositories) {
      expect(() => requireAllowed(repository, told(configured))).not.toThrow();
      expect(() => requireAllowed(repository, told(stagegate()))).toThrow(InvalidInputError);
    }
  });

  test('are told which webhook secrets are valid', () => {
    const generations = (configuration = {}) =>
      ofType(stagegate(configuration), 'AWS::Lambda::Function').find(
        ([, { Properties }]) => Properties.FunctionName === 'stagegate-webhook',
      )?.[1].Properties.Environment.Variables.WEBHOOK_GENERATIONS;
    expect([
      generations(),
      generations({ webhookGenerations: '1,2' }),
      generations({ webhookGenerations: '[]' }),
    ]).toEqual(['1', '1,2', '']);
  });

  test('invoked by events keep what they could not digest', () => {
    const asynchronous: FunctionName[] = [
      'register-push',
      'promote',
      'send-reminders',
      'sweep-subscriptions',
      'reconcile',
      'check-certificates',
      'check-records',
      'branch-gone',
      'sweep',
      'look-at-heads',
    ];
    for (const name of Object.keys(FUNCTIONS)) {
      const hasDeadLetters = called(name)?.DeadLetterConfig !== undefined;
      expect([name, hasDeadLetters]).toEqual([name, asynchronous.some((each) => each === name)]);
    }
  });
});
