import { CodeBuildClient } from '@aws-sdk/client-codebuild';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { GetObjectCommand, NoSuchKey, PutObjectCommand, S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import {
  DescribeExecutionCommand,
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  InvalidToken,
  SendTaskSuccessCommand,
  SFNClient,
  StartExecutionCommand,
  TaskDoesNotExist,
  TaskTimedOut,
} from '@aws-sdk/client-sfn';
import { InvalidParameterException, SNSClient, SubscribeCommand, ThrottledException } from '@aws-sdk/client-sns';
import { describe, expect, test } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import { CodeBuildBuilds } from '../../lambdas/adapters/codebuild-builds.ts';
import { EventBridgeBus } from '../../lambdas/adapters/event-bridge-bus.ts';
import { S3ArtifactStore } from '../../lambdas/adapters/s3-artifact-store.ts';
import { SnsApproverMail } from '../../lambdas/adapters/sns-approver-mail.ts';
import { StepFunctionsWorkflow } from '../../lambdas/adapters/step-functions-workflow.ts';

/** What AWS answers when something is wrong; what it answers otherwise is asked of real endpoints. */

const ID = 'my-app-dev1-1-abc123';
const MACHINE = 'arn:aws:states:eu-west-1:000000000000:stateMachine:stagegate-deployment';
const meta = { $metadata: {}, message: 'said AWS' };

describe('Step Functions', () => {
  const sfn = new SFNClient({ region: 'eu-west-1' });
  const answers = mockClient(sfn);
  const workflow = new StepFunctionsWorkflow(MACHINE, sfn);

  test('an execution that exists already counts as started', async () => {
    answers.on(StartExecutionCommand).rejects(new ExecutionAlreadyExists(meta));
    await expect(workflow.start(ID)).resolves.toBeUndefined();
  });

  test('any other refusal to start is an error', async () => {
    answers.on(StartExecutionCommand).rejects(Object.assign(new Error('denied'), { name: 'AccessDeniedException' }));
    await expect(workflow.start(ID)).rejects.toThrow('denied');
  });

  test.each([
    ['timed out', new TaskTimedOut(meta)],
    ['is gone', new TaskDoesNotExist(meta)],
    ['has another token', new InvalidToken(meta)],
  ])('a task that %s is answered as gone', async (_, error) => {
    answers.on(SendTaskSuccessCommand).rejects(error);
    expect(await workflow.resume('token')).toBe('gone');
  });

  test('throttling is not mistaken for a task that is gone', async () => {
    answers.on(SendTaskSuccessCommand).rejects(Object.assign(new Error('slow down'), { name: 'ThrottlingException' }));
    await expect(workflow.resume('token')).rejects.toThrow('slow down');
  });

  test('an execution that was never started is absent', async () => {
    answers.on(DescribeExecutionCommand).rejects(new ExecutionDoesNotExist(meta));
    expect(await workflow.execution(ID)).toEqual({ status: 'absent' });
  });
});

describe('EventBridge', () => {
  test('an entry refused inside a successful answer is an error', async () => {
    const client = new EventBridgeClient({ region: 'eu-west-1' });
    mockClient(client)
      .on(PutEventsCommand)
      .resolves({ FailedEntryCount: 1, Entries: [{ ErrorCode: 'InternalFailure', ErrorMessage: 'try again' }] });
    const detail = { deploymentId: ID, application: 'my-app', environment: 'dev1', release: 1, commit: 'a'.repeat(40) };
    await expect(
      new EventBridgeBus('stagegate', client).publish('DeploymentSucceeded', {
        ...detail,
        operation: 'deploy',
        changes: true,
      }),
    ).rejects.toThrow('publishing DeploymentSucceeded: InternalFailure: try again');
  });
});

describe('the artifact bucket', () => {
  const s3 = new S3Client({ region: 'eu-west-1' });
  const answers = mockClient(s3);
  const store = new S3ArtifactStore('artifacts', s3);
  const refusal = (name: string) => new S3ServiceException({ name, $fault: 'client', $metadata: {}, message: name });

  test.each([
    ['is absent', new NoSuchKey(meta)],
    ['cannot be told from an absent one without the right to list', refusal('AccessDenied')],
  ])('an object that %s is undefined', async (_, error) => {
    answers.on(GetObjectCommand).rejects(error);
    expect(await store.getJson('runs/x')).toBeUndefined();
  });

  test('a service that is down is an error', async () => {
    answers.on(GetObjectCommand).rejects(refusal('InternalError'));
    await expect(store.getJson('runs/x')).rejects.toThrow('InternalError');
  });

  test('a bucket without versions cannot hold what people approve', async () => {
    answers.on(PutObjectCommand).resolves({});
    await expect(store.putJson('analysis/x', {})).rejects.toThrow('not versioned');
  });
});

describe('SNS', () => {
  const sns = new SNSClient({ region: 'eu-west-1' });
  const answers = mockClient(sns);
  const mail = new SnsApproverMail('arn:aws:sns:eu-west-1:000000000000:approvals', sns);

  test('an address it refuses is bad input that names the address', async () => {
    answers.on(SubscribeCommand).rejects(new InvalidParameterException(meta));
    await expect(mail.subscribe('nobody@localhost')).rejects.toMatchObject({
      name: 'InvalidInputError',
      issues: [{ field: 'email', value: '"nobody@localhost"' }],
    });
  });

  test('throttling is no fault of the address', async () => {
    answers.on(SubscribeCommand).rejects(new ThrottledException(meta));
    await expect(mail.subscribe('staff@example.com')).rejects.toBeInstanceOf(ThrottledException);
  });
});

test('no build is asked for when there is none', async () => {
  const client = new CodeBuildClient({ region: 'eu-west-1' });
  mockClient(client);
  expect(await new CodeBuildBuilds(client).anyInProgress([])).toBe(false);
});
