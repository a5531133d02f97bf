import {
  DescribeExecutionCommand,
  DescribeStateMachineCommand,
  GetExecutionHistoryCommand,
  ListExecutionsCommand,
  RedriveExecutionCommand,
  SendTaskFailureCommand,
  SendTaskHeartbeatCommand,
  SendTaskSuccessCommand,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { describe, expect, test } from '@jest/globals';
import { AwsError } from '../../../local/door/wire.ts';
import { accountId, region } from '../cloud-names.ts';
import { settled, until } from '../manual-clock.ts';
import type { OpenCloud } from '../open-cloud.ts';
import {
  BUILDS_ALLOWED,
  createMachine,
  INVOKE,
  INVOKE_ALLOWED,
  INVOKE_AND_WAIT,
  MACHINE_ARN,
  RULE_ALLOWED,
  START_BUILD,
  startExecution,
  withCloud,
} from './open-machine.ts';

const END = { End: true };
const waiting = { A: { Type: 'Wait', Seconds: 60, ...END } };
const invoking = (fields: Record<string, unknown> = {}) => ({
  A: {
    Type: 'Task',
    Resource: INVOKE,
    Arguments: { FunctionName: 'work', Payload: '{% $states.input %}' },
    ...fields,
    ...END,
  },
});
const tokenTask = (fields: Record<string, unknown> = {}) => ({
  A: {
    Type: 'Task',
    Resource: INVOKE_AND_WAIT,
    Arguments: { FunctionName: 'notify', Payload: { token: '{% $states.context.Task.Token %}' } },
    ...fields,
    ...END,
  },
});
const building = (fields: Record<string, unknown> = {}) => ({
  Build: {
    Type: 'Task',
    Resource: START_BUILD,
    Arguments:
      '{% {"ProjectName": "plan", "SourceVersion": $states.input.commit, "EnvironmentVariablesOverride": [{"Name": "A", "Value": "b", "Type": "PLAINTEXT"}]} %}',
    ...fields,
    ...END,
  },
});

const ended = async (cloud: OpenCloud, arn: string): Promise<void> =>
  until(() => cloud.states.execution(arn)?.status !== 'RUNNING');
const tokens = (cloud: OpenCloud): string[] =>
  cloud.functions.events('notify').map((event) => (event as { token: string }).token);

async function historyOf(client: SFNClient, executionArn: string) {
  return (await client.send(new GetExecutionHistoryCommand({ executionArn }))).events ?? [];
}

describe('StartExecution', () => {
  test('answers at once and runs to the end', () =>
    withCloud(async (cloud, client) => {
      await createMachine(cloud, { A: { Type: 'Pass', Output: '{% $states.input.n + 1 %}', ...END } });
      const arn = await startExecution(client, 'run-1', { n: 1 });
      expect(arn).toBe(`arn:aws:states:${region}:${accountId}:execution:machine:run-1`);
      await ended(cloud, arn);
      expect(await client.send(new DescribeExecutionCommand({ executionArn: arn }))).toMatchObject({
        stateMachineArn: MACHINE_ARN,
        name: 'run-1',
        status: 'SUCCEEDED',
        input: '{"n":1}',
        output: '2',
        startDate: new Date('2026-01-01T00:00:00Z'),
        stopDate: new Date('2026-01-01T00:00:00Z'),
      });
    }));

  test('gives the same answer for the same name and input while the execution runs', () =>
    withCloud(async (cloud, client) => {
      await createMachine(cloud, waiting);
      const arn = await startExecution(client, 'run-1', { a: 1 });
      await settled();
      expect(await startExecution(client, 'run-1', { a: 1 })).toBe(arn);
      expect(cloud.states.executions()).toHaveLength(1);
      await expect(startExecution(client, 'run-1', { a: 2 })).rejects.toMatchObject({ name: 'ExecutionAlreadyExists' });
      await cloud.clock.advance(60);
      await expect(startExecution(client, 'run-1', { a: 1 })).rejects.toMatchObject({ name: 'ExecutionAlreadyExists' });
    }));

  test.each([
    ['a name with a space', { name: 'a b' }, 'InvalidName'],
    ['a name with a slash', { name: 'a/b' }, 'InvalidName'],
    ['a name of 81 characters', { name: 'a'.repeat(81) }, 'InvalidName'],
    ['input that is no JSON', { input: '{' }, 'InvalidExecutionInput'],
    ['input above 256 KiB', { input: JSON.stringify('x'.repeat(256 * 1024)) }, 'ValidationException'],
    ['an unknown machine', { stateMachineArn: `${MACHINE_ARN}-2` }, 'StateMachineDoesNotExist'],
  ])('refuses %s', (_title, fields, name) =>
    withCloud(async (cloud, client) => {
      await createMachine(cloud, waiting);
      await expect(
        client.send(new StartExecutionCommand({ stateMachineArn: MACHINE_ARN, ...fields })),
      ).rejects.toMatchObject({ name });
      expect(cloud.states.executions()).toEqual([]);
    }),
  );
});

describe('executions can be', () => {
  test('listed newest first, by status and in pages', () =>
    withCloud(async (cloud, client) => {
      await createMachine(cloud, waiting);
      for (const name of ['one', 'two', 'three']) {
        await startExecution(client, name);
        await cloud.clock.advance(25);
      }
      const list = async (fields: object) =>
        client.send(new ListExecutionsCommand({ stateMachineArn: MACHINE_ARN, ...fields }));
      const names = ({ executions = [] }: { executions?: { name?: string }[] }) => executions.map(({ name }) => name);
      expect(names(await list({}))).toEqual(['three', 'two', 'one']);
      expect(names(await list({ statusFilter: 'SUCCEEDED' }))).toEqual(['one']);
      const first = await list({ maxResults: 2 });
      expect(names(first)).toEqual(['three', 'two']);
      const second = await list({ maxResults: 2, nextToken: first.nextToken });
      expect(names(second)).toEqual(['one']);
      expect(second.nextToken).toBeUndefined();
    }));

  test('read event by event, in pages, backwards and without data', () =>
    withCloud(async (cloud, client) => {
      await createMachine(cloud, { A: { Type: 'Pass', Assign: { x: 1 }, ...END } });
      const executionArn = await startExecution(client, 'run', { secret: 1 });
      await ended(cloud, executionArn);
      const types = (events: { type?: string }[] = []) => events.map(({ type }) => type);
      const read = (fields: object) => client.send(new GetExecutionHistoryCommand({ executionArn, ...fields }));
      const all = ['ExecutionStarted', 'PassStateEntered', 'PassStateExited', 'ExecutionSucceeded'];
      expect(types((await read({})).events)).toEqual(all);
      expect(types((await read({ reverseOrder: true })).events)).toEqual(all.toReversed());
      const first = await read({ maxResults: 3 });
      expect(types(first.events)).toEqual(all.slice(0, 3));
      expect(types((await read({ maxResults: 3, nextToken: first.nextToken })).events)).toEqual(all.slice(3));
      expect((await read({})).events?.[2]?.stateExitedEventDetails).toMatchObject({
        name: 'A',
        output: '{"secret":1}',
        assignedVariables: { x: '1' },
      });
      expect(JSON.stringify((await read({ includeExecutionData: false })).events)).not.toContain('secret');
    }));

  test('stopped past every Catch', () =>
    withCloud(async (cloud, client) => {
      await createMachine(cloud, {
        A: { ...tokenTask().A, Catch: [{ ErrorEquals: ['States.ALL'], Next: 'B' }] },
        B: { Type: 'Succeed' },
      });
      cloud.functions.add('notify', () => ({}));
      const executionArn = await startExecution(client, 'run');
      await until(() => tokens(cloud).length === 1);
      await client.send(new StopExecutionCommand({ executionArn, error: 'Operator', cause: 'enough' }));
      expect(await client.send(new DescribeExecutionCommand({ executionArn }))).toMatchObject({
        status: 'ABORTED',
        error: 'Operator',
        cause: 'enough',
      });
      const answer = new SendTaskSuccessCommand({ taskToken: tokens(cloud)[0], output: '{}' });
      await expect(client.send(answer)).rejects.toMatchObject({ name: 'TaskTimedOut' });
    }));

  test('not redriven', () =>
    withCloud(async (cloud, client) => {
      await createMachine(cloud, waiting);
      const executionArn = await startExecution(client, 'run');
      await expect(client.send(new RedriveExecutionCommand({ executionArn }))).rejects.toThrow(
        'states:RedriveExecution is not supported by the local cloud',
      );
    }));

  test('not found when they do not exist', () =>
    withCloud(async (_cloud, client) => {
      const executionArn = `arn:aws:states:${region}:${accountId}:execution:machine:none`;
      const missing = { name: 'ExecutionDoesNotExist' };
      await expect(client.send(new DescribeExecutionCommand({ executionArn }))).rejects.toMatchObject(missing);
      await expect(client.send(new StopExecutionCommand({ executionArn }))).rejects.toMatchObject(missing);
      await expect(client.send(new GetExecutionHistoryCommand({ executionArn }))).rejects.toMatchObject(missing);
    }));
});

describe('lambda:invoke', () => {
  test('gives payload, version and status', () =>
    withCloud(async (cloud, client) => {
      await createMachine(cloud, invoking());
      cloud.functions.add('work', (event) => ({ got: event }));
      const arn = await startExecution(client, 'run', { a: 1 });
      await ended(cloud, arn);
      expect(cloud.states.execution(arn)?.output).toEqual({
        ExecutedVersion: '$LATEST',
        Payload: { got: { a: 1 } },
        StatusCode: 200,
      });
      expect(cloud.functions.invocations[0]?.caller).toBe(`arn:aws:sts::${accountId}:assumed-role/machine-role/run`);
      expect((await historyOf(client, arn)).map(({ type }) => type)).toEqual([
        'ExecutionStarted',
        'TaskStateEntered',
        'TaskScheduled',
        'TaskStarted',
        'TaskSucceeded',
        'TaskStateExited',
        'ExecutionSucceeded',
      ]);
    }));

  test('fails with the name of the error that the function threw', () =>
    withCloud(async (cloud, client) => {
      await createMachine(cloud, invoking());
      cloud.functions.add('work', () => {
        throw Object.assign(new Error('somebody else holds it'), { name: 'NotHolder' });
      });
      const arn = await startExecution(client, 'run');
      await ended(cloud, arn);
      const { error, cause } = await client.send(new DescribeExecutionCommand({ executionArn: arn }));
      expect(error).toBe('NotHolder');
      expect(JSON.parse(cause ?? '')).toEqual({
        errorType: 'NotHolder',
        errorMessage: 'somebody else holds it',
        trace: [],
      });
    }));

  test('fails as Lambda.AWSLambdaException when the role may not invoke the function', () =>
    withCloud(async (cloud, client) => {
      await createMachine(cloud, invoking(), {
        statements: [{ ...INVOKE_ALLOWED, Resource: cloud.functions.arn('other') }],
      });
      cloud.functions.add('work', () => 1);
      const arn = await startExecution(client, 'run');
      await ended(cloud, arn);
      expect(cloud.states.execution(arn)).toMatchObject({
        status: 'FAILED',
        error: 'Lambda.AWSLambdaException',
        cause: expect.stringContaining('is not authorized to perform: lambda:InvokeFunction'),
      });
      expect(cloud.functions.invocations).toEqual([]);
    }));

  test('retries what the service refuses', () =>
    withCloud(async (cloud, client) => {
      await createMachine(
        cloud,
        invoking({ Retry: [{ ErrorEquals: ['Lambda.TooManyRequestsException'], IntervalSeconds: 2 }] }),
      );
      let calls = 0;
      cloud.functions.add('work', () => {
        calls += 1;
        if (calls === 1) throw new AwsError('TooManyRequestsException', 'Rate Exceeded.', 429);
        return 'done';
      });
      const arn = await startExecution(client, 'run');
      await cloud.clock.advance(2);
      await ended(cloud, arn);
      expect(cloud.states.execution(arn)?.output).toMatchObject({ Payload: 'done' });
    }));

  test('times out although the function goes on', () =>
    withCloud(async (cloud, client) => {
      await createMachine(cloud, invoking({ TimeoutSeconds: 10 }));
      cloud.functions.add('work', () => new Promise(() => {}));
      const arn = await startExecution(client, 'run');
      await until(() => cloud.functions.invocations.length === 1);
      await cloud.clock.advance(10);
      await ended(cloud, arn);
      expect(cloud.states.execution(arn)).toMatchObject({ status: 'FAILED', error: 'States.Timeout' });
    }));
});

describe('a task token', () => {
  test('is answered with success', () =>
    withCloud(async (cloud, client) => {
      await createMachine(cloud, tokenTask({ Output: '{% $states.result.decision %}' }));
      cloud.functions.add('notify', () => ({ ignored: true }));
      const arn = await startExecution(client, 'run');
      await until(() => cloud.states.history(arn).at(-1)?.type === 'TaskSubmitted');
      const [taskToken = ''] = tokens(cloud);
      expect(taskToken.length).toBeLessThanOrEqual(1024);
      await client.send(new SendTaskSuccessCommand({ taskToken, output: '{"decision":"approve"}' }));
      await ended(cloud, arn);
      expect(cloud.states.execution(arn)?.output).toBe('approve');
      const again = client.send(new SendTaskSuccessCommand({ taskToken, output: '{}' }));
      await expect(again).rejects.toMatchObject({ name: 'TaskTimedOut' });
    }));

  test('is answered with failure', () =>
    withCloud(async (cloud, client) => {
      await createMachine(cloud, tokenTask());
      cloud.functions.add('notify', () => ({}));
      const arn = await startExecution(client, 'run');
      await until(() => tokens(cloud).length === 1);
      await client.send(new SendTaskFailureCommand({ taskToken: tokens(cloud)[0], error: 'Rejected', cause: 'no' }));
      await ended(cloud, arn);
      expect(cloud.states.execution(arn)).toMatchObject({ status: 'FAILED', error: 'Rejected', cause: 'no' });
    }));

  test('may be answered before the function that got it has returned', () =>
    withCloud(async (cloud, client) => {
      await createMachine(cloud, tokenTask());
      cloud.functions.add('notify', async (event) => {
        await client.send(
          new SendTaskSuccessCommand({ taskToken: (event as { token: string }).token, output: '"early"' }),
        );
        throw new Error('too late to matter');
      });
      const arn = await startExecution(client, 'run');
      await ended(cloud, arn);
      await settled();
      expect(cloud.states.execution(arn)).toMatchObject({ status: 'SUCCEEDED', output: 'early' });
    }));

  test('lives as long as heartbeats come, and is another one after a retry', () =>
    withCloud(async (cloud, client) => {
      await createMachine(
        cloud,
        tokenTask({ HeartbeatSeconds: 30, Retry: [{ ErrorEquals: ['States.HeartbeatTimeout'], MaxAttempts: 1 }] }),
      );
      cloud.functions.add('notify', () => ({}));
      await startExecution(client, 'run');
      await until(() => tokens(cloud).length === 1);
      const [first] = tokens(cloud);
      await cloud.clock.advance(20);
      await client.send(new SendTaskHeartbeatCommand({ taskToken: first }));
      await cloud.clock.advance(20);
      await client.send(new SendTaskHeartbeatCommand({ taskToken: first }));
      await cloud.clock.advance(31);
      await until(() => tokens(cloud).length === 2);
      expect(tokens(cloud)[1]).not.toBe(first);
      await expect(client.send(new SendTaskHeartbeatCommand({ taskToken: first }))).rejects.toMatchObject({
        name: 'TaskTimedOut',
      });
      await client.send(new SendTaskHeartbeatCommand({ taskToken: tokens(cloud)[1] }));
    }));

  test('comes too late once the time is over, whoever notices first', () =>
    withCloud(async (cloud, client) => {
      await createMachine(cloud, tokenTask({ TimeoutSeconds: 30 }));
      cloud.functions.add('notify', () => ({}));
      const arn = await startExecution(client, 'run');
      await until(() => tokens(cloud).length === 1);
      await cloud.clock.advance(30);
      const answer = new SendTaskSuccessCommand({ taskToken: tokens(cloud)[0], output: '{}' });
      await expect(client.send(answer)).rejects.toMatchObject({ name: 'TaskTimedOut' });
      expect(cloud.states.execution(arn)).toMatchObject({ status: 'FAILED', error: 'States.Timeout' });
    }));

  test('is refused when it is none, leads nowhere or brings no JSON', () =>
    withCloud(async (cloud, client) => {
      await createMachine(cloud, tokenTask());
      cloud.functions.add('notify', () => ({}));
      await startExecution(client, 'run');
      await until(() => tokens(cloud).length === 1);
      const [token = ''] = tokens(cloud);
      const elsewhere = Buffer.from(Buffer.from(token, 'base64').toString().replace(':run"', ':other"')).toString(
        'base64',
      );
      const guessed = Buffer.from(
        Buffer.from(token, 'base64')
          .toString()
          .replace(/[0-9a-f]{32}"\]$/, `${'0'.repeat(32)}"]`),
      ).toString('base64');
      const success = (taskToken: string, output = '{}') =>
        client.send(new SendTaskSuccessCommand({ taskToken, output }));
      await expect(success('nonsense')).rejects.toMatchObject({ name: 'InvalidToken' });
      await expect(success(elsewhere)).rejects.toMatchObject({ name: 'TaskDoesNotExist' });
      await expect(success(guessed)).rejects.toMatchObject({ name: 'TaskTimedOut' });
      await expect(success(token, '{')).rejects.toMatchObject({ name: 'InvalidOutput' });
      await success(token);
    }));
});

describe('codebuild:startBuild.sync', () => {
  test('waits for the build and gives it in PascalCase', () =>
    withCloud(async (cloud, client) => {
      await createMachine(cloud, building());
      const arn = await startExecution(client, 'run', { commit: 'abc' });
      await until(() => cloud.states.history(arn).at(-1)?.type === 'TaskSubmitted');
      expect(cloud.builds.started).toEqual([
        {
          projectName: 'plan',
          sourceVersion: 'abc',
          environmentVariablesOverride: [{ name: 'A', value: 'b', type: 'PLAINTEXT' }],
        },
      ]);
      const submitted = (await historyOf(client, arn)).at(-1)?.taskSubmittedEventDetails;
      expect(submitted).toMatchObject({ resourceType: 'codebuild', resource: 'startBuild.sync' });
      expect(JSON.parse(submitted?.output ?? '')).toMatchObject({
        Build: { Id: 'plan:1', BuildStatus: 'IN_PROGRESS' },
      });
      cloud.builds.end('SUCCEEDED');
      await ended(cloud, arn);
      expect(cloud.states.execution(arn)?.output).toEqual({
        Build: {
          Id: 'plan:1',
          ProjectName: 'plan',
          BuildStatus: 'SUCCEEDED',
          StartTime: 1_767_225_600.5,
          ExportedEnvironmentVariables: [{ Name: 'EXIT_CODE', Value: '2' }],
        },
      });
    }));

  test.each(['FAILED', 'STOPPED', 'TIMED_OUT', 'FAULT'])('fails when the build ends %s', (status) =>
    withCloud(async (cloud, client) => {
      await createMachine(cloud, building());
      const arn = await startExecution(client, 'run', { commit: 'abc' });
      await until(() => cloud.states.history(arn).at(-1)?.type === 'TaskSubmitted');
      cloud.builds.end(status);
      await ended(cloud, arn);
      const { error, cause } = cloud.states.execution(arn) ?? {};
      expect(error).toBe('States.TaskFailed');
      expect(JSON.parse(cause ?? '')).toMatchObject({ Build: { Id: 'plan:1', BuildStatus: status } });
    }),
  );

  test('names what CodeBuild refuses', () =>
    withCloud(async (cloud, client) => {
      await createMachine(cloud, building());
      cloud.builds.refusal = new AwsError(
        'AccountLimitExceededException',
        'Cannot have more than 1 builds in queue for the account',
      );
      const arn = await startExecution(client, 'run', { commit: 'abc' });
      await ended(cloud, arn);
      expect(cloud.states.execution(arn)).toMatchObject({
        error: 'CodeBuild.AccountLimitExceededException',
        cause: expect.stringContaining('Cannot have more than 1 builds'),
      });
    }));

  test.each([
    ['throttling', 'ThrottlingException', 400, 'CodeBuildException'],
    ['an error of the server', 'InternalFailure', 500, 'CodeBuildException'],
    ['a connection that is cut', 'SdkClientException', 500, 'SdkClientException'],
  ])('names %s as Step Functions does', (_, code, status, name) =>
    withCloud(async (cloud, client) => {
      await createMachine(cloud, building());
      cloud.builds.refusal = new AwsError(code, 'no answer', status);
      const arn = await startExecution(client, 'run', { commit: 'abc' });
      await ended(cloud, arn);
      expect(cloud.states.execution(arn)?.error).toBe(`CodeBuild.${name}`);
    }),
  );

  test('fails as CodeBuild.AccessDeniedException when the role may not start builds', () =>
    withCloud(async (cloud, client) => {
      await createMachine(cloud, building(), { statements: [RULE_ALLOWED] });
      const arn = await startExecution(client, 'run', { commit: 'abc' });
      await ended(cloud, arn);
      expect(cloud.states.execution(arn)?.error).toBe('CodeBuild.AccessDeniedException');
    }));

  test('fails when the role may not look at builds', () =>
    withCloud(async (cloud, client) => {
      await createMachine(cloud, building(), {
        statements: [RULE_ALLOWED, { ...BUILDS_ALLOWED, Action: 'codebuild:StartBuild' }],
      });
      const arn = await startExecution(client, 'run', { commit: 'abc' });
      await ended(cloud, arn);
      expect(cloud.states.execution(arn)).toMatchObject({ cause: expect.stringContaining('codebuild:BatchGetBuilds') });
    }));

  test.each([
    ['StopExecution', { TimeoutSeconds: 600 }, 'ABORTED'],
    ['a timeout', { TimeoutSeconds: 5 }, 'FAILED'],
  ])('stops the build on %s', (_title, fields, status) =>
    withCloud(async (cloud, client) => {
      await createMachine(cloud, building(fields));
      const executionArn = await startExecution(client, 'run', { commit: 'abc' });
      await until(() => cloud.states.history(executionArn).at(-1)?.type === 'TaskSubmitted');
      if (status === 'ABORTED') await client.send(new StopExecutionCommand({ executionArn }));
      else await cloud.clock.advance(5);
      await until(() => cloud.builds.last.buildStatus === 'STOPPED');
      expect(cloud.states.execution(executionArn)?.status).toBe(status);
    }),
  );
});

describe('a state machine', () => {
  test('is described with what it was made from', () =>
    withCloud(async (cloud, client) => {
      await createMachine(cloud, waiting);
      const machine = await client.send(new DescribeStateMachineCommand({ stateMachineArn: MACHINE_ARN }));
      expect(machine).toMatchObject({
        name: 'machine',
        status: 'ACTIVE',
        type: 'STANDARD',
        roleArn: `arn:aws:iam::${accountId}:role/machine-role`,
      });
      expect(JSON.parse(machine.definition ?? '')).toMatchObject({ States: waiting });
    }));

  test.each<
    [title: string, states: Record<string, unknown>, options: Parameters<typeof createMachine>[2], message: string]
  >([
    [
      'an unknown integration',
      { A: { Type: 'Task', Resource: 'arn:aws:states:::sns:publish', ...END } },
      {},
      'Resource arn:aws:states:::sns:publish is not supported',
    ],
    [
      'an unknown pattern',
      { A: { Type: 'Task', Resource: `${INVOKE}.sync`, ...END } },
      {},
      'lambda:invoke.sync is not supported',
    ],
    ['an unknown property', waiting, { properties: { DefinitionS3Location: {} } }, 'DefinitionS3Location'],
    ['an express machine', waiting, { properties: { StateMachineType: 'EXPRESS' } }, 'StateMachineType'],
    ['a definition that AWS refuses', { A: { Type: 'Pass', Next: 'B' } }, {}, "Missing 'Next' target: B"],
    [
      'builds without the permission for their rule',
      building(),
      { statements: [BUILDS_ALLOWED] },
      'is not authorized to perform: events:PutRule',
    ],
    [
      'logging without the permission for log deliveries',
      waiting,
      { statements: [], properties: { LoggingConfiguration: { Level: 'ALL', Destinations: [] } } },
      'is not authorized to perform: logs:CreateLogDelivery',
    ],
  ])('is refused for %s', (_title, states, options, message) =>
    withCloud(async (cloud) => {
      await expect(createMachine(cloud, states, options)).rejects.toThrow(message);
    }),
  );

  test('ends its executions after its own timeout', () =>
    withCloud(async (cloud, client) => {
      await createMachine(cloud, waiting, { TimeoutSeconds: 10 });
      const executionArn = await startExecution(client, 'run');
      await cloud.clock.advance(10);
      expect((await client.send(new DescribeExecutionCommand({ executionArn }))).status).toBe('TIMED_OUT');
    }));
});

describe('permissions', () => {
  test('are demanded for each operation, tokens belonging to their state machine', () =>
    withCloud(async (cloud, client) => {
      await createMachine(cloud, tokenTask());
      cloud.functions.add('notify', () => ({}));
      const executionArn = await startExecution(client, 'run');
      await until(() => tokens(cloud).length === 1);
      const roleArn = cloud.addRole('caller', [
        { Effect: 'Allow', Action: 'states:SendTaskSuccess', Resource: MACHINE_ARN },
        { Effect: 'Allow', Action: 'states:DescribeExecution', Resource: executionArn },
      ]);
      const caller = new SFNClient(cloud.bearer(roleArn));
      const [taskToken] = tokens(cloud);
      const denied = { name: 'AccessDeniedException' };
      await expect(caller.send(new StartExecutionCommand({ stateMachineArn: MACHINE_ARN }))).rejects.toMatchObject(
        denied,
      );
      await expect(caller.send(new StopExecutionCommand({ executionArn }))).rejects.toMatchObject(denied);
      await expect(caller.send(new GetExecutionHistoryCommand({ executionArn }))).rejects.toMatchObject(denied);
      await expect(caller.send(new ListExecutionsCommand({ stateMachineArn: MACHINE_ARN }))).rejects.toMatchObject(
        denied,
      );
      await expect(caller.send(new SendTaskFailureCommand({ taskToken }))).rejects.toMatchObject(denied);
      await expect(caller.send(new SendTaskHeartbeatCommand({ taskToken }))).rejects.toMatchObject(denied);
      await caller.send(new DescribeExecutionCommand({ executionArn }));
      await caller.send(new SendTaskSuccessCommand({ taskToken, output: '{}' }));
      caller.destroy();
    }));
});

describe('changes of status', () => {
  test('go to the default bus, where rules and functions wait for them', () =>
    withCloud(async (cloud, client) => {
      const watch = cloud.functions.add('watch', () => null);
      cloud.door.setResourcePolicy(watch, {
        Statement: [
          {
            Effect: 'Allow',
            Principal: { Service: 'events.amazonaws.com' },
            Action: 'lambda:InvokeFunction',
            Resource: watch,
          },
        ],
      });
      await cloud.provision(cloud.events, 'AWS::Events::Rule', {
        EventPattern: { source: ['aws.states'], detail: { status: ['ABORTED', 'TIMED_OUT', 'FAILED', 'RUNNING'] } },
        Targets: [{ Id: 'Target0', Arn: watch }],
      });
      await createMachine(cloud, waiting);
      const executionArn = await startExecution(client, 'run', { a: 1 });
      await cloud.clock.advance(1);
      await client.send(new StopExecutionCommand({ executionArn, error: 'Operator' }));
      await cloud.clock.advance(1);
      const events = cloud.functions.events('watch') as { detail: Record<string, unknown> }[];
      expect(events.map(({ detail }) => detail.status)).toEqual(['RUNNING', 'ABORTED']);
      expect(events[1]).toMatchObject({
        'detail-type': 'Step Functions Execution Status Change',
        source: 'aws.states',
        resources: [executionArn],
        detail: {
          executionArn,
          stateMachineArn: MACHINE_ARN,
          name: 'run',
          startDate: Date.parse('2026-01-01T00:00:00Z'),
          stopDate: Date.parse('2026-01-01T00:00:01Z'),
          input: '{"a":1}',
          output: null,
          error: 'Operator',
        },
      });
    }));
});
