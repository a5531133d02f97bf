import { BatchGetBuildsCommand, CodeBuildClient } from '@aws-sdk/client-codebuild';
import { GetExecutionHistoryCommand, SFNClient } from '@aws-sdk/client-sfn';
import { ListSubscriptionsByTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { describe, expect, test } from '@jest/globals';
import { CodeBuildBuilds } from '../../lambdas/adapters/codebuild-builds.ts';
import { SnsApproverMail } from '../../lambdas/adapters/sns-approver-mail.ts';
import { StepFunctionsWorkflow } from '../../lambdas/adapters/step-functions-workflow.ts';
import { mockedClient } from '../harness/mocked-client.ts';

const ARN = 'arn:aws:sns:eu-west-1:111111111111:approvals:1';
const subscription = (Endpoint: string, SubscriptionArn: string, Protocol = 'email') => ({
  Endpoint,
  SubscriptionArn,
  Protocol,
});

describe('who can be mailed', () => {
  test.each([
    ['has confirmed', [ARN], { confirmed: true, arn: ARN }],
    ['has not confirmed', ['PendingConfirmation'], { confirmed: false }],
    ['has unsubscribed and confirmed again', ['Deleted', ARN], { confirmed: true, arn: ARN }],
    ['has confirmed, and left before', [ARN, 'Deleted'], { confirmed: true, arn: ARN }],
    ['has left and was asked again', ['Deleted', 'PendingConfirmation'], { confirmed: false }],
  ])('%s', async (_, arns, expected) => {
    const sns = mockedClient(SNSClient);
    sns.on(ListSubscriptionsByTopicCommand).resolves({
      Subscriptions: arns.map((arn) => subscription('Alice@Staff.example', arn)),
    });
    expect(await new SnsApproverMail('t').subscriptions()).toEqual(new Map([['alice@staff.example', expected]]));
  });

  test('who has unsubscribed is not subscribed, although the list shows them for a while', async () => {
    const sns = mockedClient(SNSClient);
    sns.on(ListSubscriptionsByTopicCommand).resolves({ Subscriptions: [subscription('a@x.example', 'Deleted')] });
    expect(await new SnsApproverMail('t').subscriptions()).toEqual(new Map());
  });

  test('all pages count, other protocols do not', async () => {
    const sns = mockedClient(SNSClient);
    sns
      .on(ListSubscriptionsByTopicCommand)
      .resolvesOnce({ Subscriptions: [subscription('a@x.example', ARN)], NextToken: 'more' })
      .resolves({ Subscriptions: [subscription('b@x.example', ARN), subscription('arn:queue', ARN, 'sqs')] });
    expect([...(await new SnsApproverMail('t').subscriptions()).keys()]).toEqual(['a@x.example', 'b@x.example']);
  });

  test.each([
    ['pending confirmation', undefined],
    [ARN, ARN],
  ])('a subscription answered with "%s" has the ARN %s', async (SubscriptionArn, arn) => {
    mockedClient(SNSClient).on(SubscribeCommand).resolves({ SubscriptionArn });
    expect(await new SnsApproverMail('t').subscribe('a@x.example')).toBe(arn);
  });
});

describe('the builds of an execution', () => {
  const submitted = (resourceType: string, output: unknown) => ({
    timestamp: new Date(0),
    type: 'TaskSubmitted' as const,
    id: 1,
    taskSubmittedEventDetails: { resourceType, resource: 'startBuild.sync', output: JSON.stringify(output) },
  });

  test('are those it has submitted, on whatever page, newest first', async () => {
    const sfn = mockedClient(SFNClient);
    sfn
      .on(GetExecutionHistoryCommand)
      .resolvesOnce({ events: [submitted('codebuild', { Build: { Id: 'plan:1' } })], nextToken: 'more' })
      .resolves({ events: [submitted('lambda', {}), submitted('codebuild', { Build: { Id: 'apply:2', Arn: 'x' } })] });
    const workflow = new StepFunctionsWorkflow(
      'arn:aws:states:eu-west-1:111111111111:stateMachine:stagegate-deployment',
    );
    expect(await workflow.builds('my-app-dev1-1-abc123')).toEqual(['apply:2', 'plan:1']);
    expect(sfn.commandCalls(GetExecutionHistoryCommand)[0]?.args[0].input.executionArn).toBe(
      'arn:aws:states:eu-west-1:111111111111:execution:stagegate-deployment:my-app-dev1-1-abc123',
    );
  });

  test.each([
    [['SUCCEEDED', 'IN_PROGRESS'], true],
    [['SUCCEEDED', 'FAILED', 'STOPPED', 'FAULT', 'TIMED_OUT'], false],
    [[], false],
  ])('with the statuses %j: in progress is %s', async (statuses, expected) => {
    mockedClient(CodeBuildClient)
      .on(BatchGetBuildsCommand)
      .resolves({ builds: statuses.map((buildStatus) => ({ buildStatus: buildStatus as 'FAILED' })) });
    expect(await new CodeBuildBuilds().anyInProgress(['a', 'b'])).toBe(expected);
  });
});
