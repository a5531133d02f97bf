import { describe, expect, test } from '@jest/globals';
import { flat, ofType, only, type Statement, stagegate } from '../harness/synthesized.ts';

const template = stagegate();
const SWEEP = 'arn:<AWS::Partition>:lambda:<AWS::Region>:<AWS::AccountId>:function:stagegate-sweep';
const roles = ofType(template, 'AWS::IAM::Role').map(([id, { Properties }]) => ({ id, ...Properties }));
const [role, ...others] = roles.filter(
  ({ AssumeRolePolicyDocument: { Statement } }) => Statement[0].Principal.Service === 'scheduler.amazonaws.com',
);
const environmentOf = (name: string) =>
  ofType(template, 'AWS::Lambda::Function').find(
    ([, { Properties }]) => Properties.FunctionName === `stagegate-${name}`,
  )?.[1].Properties.Environment.Variables;

describe('wake-ups', () => {
  test('are kept in a group of their own', () => {
    expect(only(template, 'AWS::Scheduler::ScheduleGroup').Properties.Name).toBe('stagegate');
  });

  test('invoke the sweeper, and nothing else, by a role that only schedules of this account assume', () => {
    expect(others).toEqual([]);
    const [trust] = role.AssumeRolePolicyDocument.Statement;
    expect(trust).toMatchObject({
      Action: 'sts:AssumeRole',
      Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
    });
    const statements: Statement[] = role.Policies[0].PolicyDocument.Statement;
    expect(statements.map(({ Action, Resource }) => [Action, flat(Resource)])).toEqual([
      ['lambda:InvokeFunction', SWEEP],
    ]);
    expect(ofType(template, 'AWS::Lambda::Function').map(([, { Properties }]) => Properties.FunctionName)).toContain(
      'stagegate-sweep',
    );
  });

  test('are set by the function that makes ephemeral environments, which passes that role to the service only', () => {
    const passing = roles.flatMap(({ id, Policies = [] }) =>
      Policies.flatMap(
        ({ PolicyDocument }: { PolicyDocument: { Statement: (Statement & { Condition?: object })[] } }) =>
          PolicyDocument.Statement.filter(({ Action }) => flat(Action) === 'iam:PassRole').map((statement) => ({
            id,
            ...statement,
          })),
      ),
    );
    expect(passing).toMatchObject([
      {
        id: expect.stringMatching(/^FunctionsephemeralRole/),
        Resource: { 'Fn::GetAtt': [role.id, 'Arn'] },
        Condition: { StringEquals: { 'iam:PassedToService': 'scheduler.amazonaws.com' } },
      },
    ]);
    const { SCHEDULE_GROUP, SCHEDULE_ROLE_ARN, WAKE_UP_FUNCTION_ARN } = environmentOf('ephemeral');
    expect([SCHEDULE_GROUP, flat(SCHEDULE_ROLE_ARN), flat(WAKE_UP_FUNCTION_ARN)]).toEqual([
      ...['stagegate', `<${role.id}.Arn>`, SWEEP],
    ]);
  });

  test('the limits come from the configuration', () => {
    const configured = stagegate({ mostEphemeralPerApplication: 2, mostEphemeralInAll: '7', leastTtlSeconds: 5 });
    const variables = ofType(configured, 'AWS::Lambda::Function').find(
      ([, { Properties }]) => Properties.FunctionName === 'stagegate-ephemeral',
    )?.[1].Properties.Environment.Variables;
    expect(variables).toMatchObject({
      MOST_EPHEMERAL_PER_APPLICATION: '2',
      MOST_EPHEMERAL_IN_ALL: '7',
      LEAST_TTL_SECONDS: '5',
    });
    expect(environmentOf('ephemeral')).toMatchObject({
      MOST_EPHEMERAL_PER_APPLICATION: '5',
      MOST_EPHEMERAL_IN_ALL: '20',
    });
    expect(environmentOf('sweep').FIRST_PAUSE_SECONDS).toBe('60');
  });
});
