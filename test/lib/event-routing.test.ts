import { describe, expect, test } from '@jest/globals';
import { EVENTS } from '../../lambdas/domain/events.ts';
import { flat, ofType, only, stagegate } from '../harness/synthesized.ts';

const template = stagegate({ headHosts: 'git.example' });
const rules = ofType(template, 'AWS::Events::Rule').map(([id, { Properties }]) => ({ id, ...Properties }));
const functionOf = (arn: { 'Fn::GetAtt': string[] }): string =>
  template.Resources[arn['Fn::GetAtt'][0] ?? '']?.Properties.FunctionName;
const ruleFor = (name: string) => rules.filter(({ Targets }) => functionOf(Targets[0].Arn) === `stagegate-${name}`);

describe('events', () => {
  test('go over a bus of their own', () => {
    expect(only(template, 'AWS::Events::EventBus').Properties.Name).toBe('stagegate');
  });

  test('come from roles of this account alone: no policy of the bus lets another in', () => {
    expect(ofType(template, 'AWS::Events::EventBusPolicy')).toEqual([]);
    expect(only(template, 'AWS::Events::EventBus').Properties).not.toHaveProperty('Policy');
  });

  test('a push makes releases, whoever reports it', () => {
    const [rule] = ruleFor('register-push');
    expect(rule.EventPattern).toEqual({ 'detail-type': ['ConfigPushed'] });
    expect(flat(rule.EventBusName)).toMatch(/^<EventsBus/);
  });

  test('a success promotes, if it is one of ours', () => {
    const [rule] = ruleFor('promote');
    expect(rule.EventPattern).toEqual({ source: ['stagegate'], 'detail-type': ['DeploymentSucceeded'] });
    expect(flat(rule.EventBusName)).toMatch(/^<EventsBus/);
  });

  test('an execution of ours that did not succeed is reconciled', () => {
    const rule = ruleFor('reconcile').find(({ EventPattern }) => EventPattern);
    expect(rule.EventBusName).toBeUndefined();
    expect(rule.EventPattern).toEqual({
      source: ['aws.states'],
      'detail-type': ['Step Functions Execution Status Change'],
      detail: { status: ['ABORTED', 'FAILED', 'TIMED_OUT'], stateMachineArn: [expect.anything()] },
    });
    expect(flat(rule.EventPattern.detail.stateMachineArn[0])).toMatch(/:stateMachine:stagegate-deployment$/);
  });

  test('everything is reconciled every minute anyway', () => {
    const schedules = ruleFor('reconcile').map(({ ScheduleExpression }) => ScheduleExpression);
    expect(schedules).toContain('rate(1 minute)');
  });

  test('a branch that is gone, or whose pull request is closed, ends its environments, if the webhook says so', () => {
    const [rule] = ruleFor('branch-gone');
    expect(rule.EventPattern).toEqual({ source: ['stagegate'], 'detail-type': ['BranchDeleted', 'PullRequestClosed'] });
    expect(flat(rule.EventBusName)).toMatch(/^<EventsBus/);
  });

  test.each([
    ['sweep', 'rate(1 minute)'],
    ['send-reminders', 'rate(5 minutes)'],
    ['sweep-subscriptions', 'rate(15 minutes)'],
    ['check-records', 'rate(1 day)'],
    ['look-at-heads', 'rate(1 hour)'],
  ])('%s runs by the clock: %s', (name, expression) => {
    expect(ruleFor(name).map(({ ScheduleExpression }) => ScheduleExpression)).toEqual([expression]);
  });

  test('are of types that somebody publishes', () => {
    const ours = rules.filter(({ EventBusName }) => EventBusName);
    for (const { EventPattern } of ours)
      for (const type of EventPattern['detail-type']) expect(Object.keys(EVENTS)).toContain(type);
  });

  test.each(rules)('$Description: tries for a day, then keeps what it could not deliver', ({ id, Targets }) => {
    expect(Targets).toHaveLength(1);
    const [{ Arn, DeadLetterConfig, RetryPolicy }] = Targets;
    expect(RetryPolicy).toEqual({ MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 });
    const queueId = DeadLetterConfig.Arn['Fn::GetAtt'][0];
    // The function's own dead letters, so that undelivered events and events that failed are in one place.
    const { DeadLetterConfig: own } = template.Resources[Arn['Fn::GetAtt'][0]]?.Properties ?? {};
    expect(own.TargetArn).toEqual({ 'Fn::GetAtt': [queueId, 'Arn'] });
    const policies = ofType(template, 'AWS::SQS::QueuePolicy').map(([, { Properties }]) => Properties);
    const allowed = policies
      .filter(({ Queues }) => Queues[0].Ref === queueId)
      .flatMap(({ PolicyDocument }) => PolicyDocument.Statement)
      .filter(({ Principal }) => Principal.Service === 'events.amazonaws.com');
    expect(allowed.map(({ Condition }) => flat(Condition.ArnEquals['aws:SourceArn']))).toContain(`<${id}.Arn>`);
  });

  test.each(rules)('$Description: may invoke its function', ({ id, Targets }) => {
    const permissions = ofType(template, 'AWS::Lambda::Permission').map(([, { Properties }]) => Properties);
    const own = permissions.filter(({ SourceArn }) => flat(SourceArn) === `<${id}.Arn>`);
    expect(own).toMatchObject([{ Action: 'lambda:InvokeFunction', Principal: 'events.amazonaws.com' }]);
    expect(own[0].FunctionName).toEqual(Targets[0].Arn);
  });
});
