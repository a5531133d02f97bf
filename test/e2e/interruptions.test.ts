import { BatchGetBuildsCommand, CodeBuildClient, StartBuildCommand } from '@aws-sdk/client-codebuild';
import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { GetExecutionHistoryCommand, StopExecutionCommand } from '@aws-sdk/client-sfn';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import * as z from 'zod';
import { OPERATOR_CREDENTIALS } from '../../local/door/door.ts';
import { type Deployment, STAFF, TestApplication, TestCloud } from './test-cloud.ts';

/** What stops half way or happens twice: the environment is free again, and nothing is done a second time. */

let cloud: TestCloud;

beforeAll(async () => {
  cloud = await TestCloud.start({ files: { 'README.md': 'config' } });
});
afterEach(() => cloud?.local.door.faults.clear());
afterAll(() => cloud?.stop());

async function applicationNamed(name: string, policy: Readonly<Record<string, unknown>> = {}) {
  const app = new TestApplication(cloud, name);
  await app.register({ policy });
  return app;
}

const executionOf = ({ id }: Pick<Deployment, 'id'>) =>
  `arn:aws:states:${cloud.local.region}:${cloud.local.accountId}:execution:stagegate-deployment:${id}`;

/** Invokes a function as EventBridge would, with an event of ours. */
async function deliver(functionName: string, detailType: string, detail: unknown): Promise<void> {
  const { accountId, door } = cloud.local;
  const operator = { kind: 'operator', arn: `arn:aws:iam::${accountId}:user/operator`, accountId } as const;
  const event = { id: 'again', 'detail-type': detailType, source: 'test', time: new Date().toISOString(), detail };
  const input = { FunctionName: functionName, InvocationType: 'RequestResponse', Payload: JSON.stringify(event) };
  expect(await door.call(operator, 'lambda', 'Invoke', input)).not.toHaveProperty('FunctionError');
}

const reconcile = () => deliver('stagegate-reconcile', 'Scheduled Event', {});

/** Keys of the state locks that lie in the development account's bucket. */
const locksOf = (app: TestApplication) =>
  cloud.local.s3.store
    .listKeys('stagegate-state-111111111111-eu-west-1', `apps/${app.name}/`)
    .filter(([key, [newest]]) => key.endsWith('.tflock') && newest?.file !== undefined)
    .map(([key]) => key);

/** Waits until an execution has entered a state. */
const enters = (deployment: Pick<Deployment, 'id'>, state: string) =>
  cloud.poll(`${deployment.id} in ${state}`, async () => {
    const history = new GetExecutionHistoryCommand({ executionArn: executionOf(deployment), maxResults: 1000 });
    const { events = [] } = await cloud.operator.sfn.send(history);
    return events.some(({ stateEnteredEventDetails: entered }) => entered?.name === state) || undefined;
  });

const stop = (deployment: Pick<Deployment, 'id'>) =>
  cloud.operator.sfn.send(new StopExecutionCommand({ executionArn: executionOf(deployment), cause: 'a test' }));

describe('an execution that somebody stops', () => {
  /** Each state, the function that works in it, and what the deployment has become in the end. */
  const rows = [
    { state: 'AcquireEnvironment', slow: 'acquire-environment', ending: 'failed' },
    { state: 'Plan', ending: 'failed' },
    { state: 'AnalyzePlan', slow: 'analyze-plan', ending: 'failed' },
    { state: 'RequestStaffApproval', slow: 'request-approval', isGated: true, ending: 'failed' },
    { state: 'AwaitStaffApproval', isGated: true, ending: 'failed' },
    { state: 'SettleStaffGate', slow: 'settle-gate', isGated: true, ending: 'failed' },
    { state: 'CheckPlan', slow: 'check-plan', isGated: true, ending: 'failed' },
    { state: 'ConsumePlan', slow: 'consume-plan', ending: 'failed' },
    { state: 'Apply', ending: 'failed' },
    { state: 'RecordOutputs', slow: 'record-outputs', ending: 'failed' },
    { state: 'RecordSuccess', slow: 'record-ending', ending: 'succeeded' },
    { state: 'AnnounceSuccess', slow: 'announce', ending: 'succeeded' },
    { state: 'ReleaseEnvironment', slow: 'release-environment', ending: 'succeeded' },
  ] as const;

  test.each(rows.map((row, index) => ({ ...row, name: `stop-${index + 1}` })))(
    'in $state: the environment is free again, and the next release goes its way',
    async ({ name, state, ending, ...row }) => {
      const isGated = 'isGated' in row;
      const app = await applicationNamed(name, { development: { autoPromote: false, ...(isGated && { staff: 1 }) } });
      // What works in the state takes a while, and goes on when its execution is stopped, as in AWS.
      if ('slow' in row)
        cloud.local.door.faults.add({
          ...{ service: 'dynamodb', operation: 'GetItem', caller: `stagegate-${row.slow}`, times: 1, delayMs: 1500 },
        });
      const caller = `assumed-role/stagegate-${name}-dev1-${state === 'Plan' ? 'plan' : 'apply'}/`;
      if (state === 'Plan' || state === 'Apply')
        cloud.local.door.faults.add({ service: 's3', operation: 'GetObject', caller, times: 1, delayMs: 3000 });
      app.push('one');
      const deployment = await app.until('dev1', 1, () => true);
      if (['SettleStaffGate', 'CheckPlan'].includes(state)) await app.approve(STAFF, 'dev1', 1);
      await enters(deployment, state);
      if (state === 'Plan' || state === 'Apply')
        await cloud.poll(
          'the build to be at work',
          async () => cloud.local.door.calls.list().some((call) => call.caller.includes(caller)) || undefined,
        );
      await stop(deployment);

      const ended = await cloud.poll(`the end of ${deployment.id}`, async () => {
        // The schedule does so every minute.
        await reconcile();
        const { current } = await app.environment('dev1');
        const [newest] = await app.deployments('dev1');
        return current === null ? newest : undefined;
      });
      expect([ended.status, ended.error?.message ?? 'aborted']).toEqual([ending, expect.stringContaining('aborted')]);
      app.push('two');
      if (isGated) await app.approve(STAFF, 'dev1', 2);
      await app.reaches('dev1', 2, 'succeeded');
      expect(locksOf(app)).toEqual([]);
    },
  );
});

test('an apply build started a second time refuses and changes nothing', async () => {
  const app = await applicationNamed('apply-twice', { development: { autoPromote: false } });
  app.push('one');
  const deployment = await app.reaches('dev1', 1, 'succeeded');
  const { events = [] } = await cloud.operator.sfn.send(
    new GetExecutionHistoryCommand({ executionArn: executionOf(deployment), maxResults: 1000 }),
  );
  const scheduled = events
    .map(({ taskScheduledEventDetails: details }) => JSON.parse(details?.parameters ?? '{}'))
    .find(({ ProjectName }) => ProjectName === 'stagegate-apply');
  const Variable = z.object({ Name: z.string(), Value: z.string() });
  const variables = z.array(Variable).parse(scheduled.EnvironmentVariablesOverride);
  const codebuild = new CodeBuildClient({
    ...{ endpoint: cloud.local.endpoint, region: cloud.local.region, credentials: OPERATOR_CREDENTIALS },
  });
  const before = await app.environment('dev1');
  const states = () =>
    cloud.local.s3.store
      .listKeys('stagegate-state-111111111111-eu-west-1', `apps/${app.name}/`)
      .map(([key, versions]) => [key, versions.length]);
  const statesBefore = states();
  const { build } = await codebuild.send(
    new StartBuildCommand({
      projectName: 'stagegate-apply',
      sourceTypeOverride: scheduled.SourceTypeOverride,
      sourceLocationOverride: scheduled.SourceLocationOverride,
      sourceVersion: scheduled.SourceVersion,
      environmentVariablesOverride: variables.map(({ Name: name, Value: value }) => ({ name, value })),
    }),
  );
  const status = await cloud.poll('the second build', async () => {
    const { builds } = await codebuild.send(new BatchGetBuildsCommand({ ids: [build?.id ?? ''] }));
    return builds?.[0]?.buildStatus === 'IN_PROGRESS' ? undefined : builds?.[0]?.buildStatus;
  });
  expect(status).toBe('FAILED');
  expect(states()).toEqual(statesBefore);
  expect(await app.environment('dev1')).toEqual(before);
});

describe('an event delivered again', () => {
  test('makes one release and one promotion', async () => {
    const app = await applicationNamed('again');
    const before = cloud.repository.head();
    const after = app.push('one');
    const { id, commit } = await app.reaches('dev1', 1, 'succeeded');
    const push = {
      ...{ repository: 'https://git.example.com/config.git', branch: 'main', before, after },
      changedPaths: [`apps/${app.name}/dev1/main.tf`],
    };
    const put = (eventId: string) => ({
      ...{ EventBusName: 'stagegate', Source: 'other-tooling', DetailType: 'ConfigPushed' },
      Detail: JSON.stringify({ ...push, eventId }),
    });
    await cloud.operator.events.send(new PutEventsCommand({ Entries: [put('a'), put('a'), put('b')] }));
    await deliver('stagegate-register-push', 'ConfigPushed', { ...push, eventId: 'b' });
    const staged = await app.waits('stage1', 1, 'staff');
    const succeeded = { deploymentId: id, application: app.name, environment: 'dev1', release: 1, commit };
    for (const _ of [1, 2])
      await deliver('stagegate-promote', 'DeploymentSucceeded', { ...succeeded, operation: 'deploy', changes: true });
    const aborted = { name: staged.id, status: 'ABORTED' };
    for (const _ of [1, 2]) await deliver('stagegate-reconcile', 'Step Functions Execution Status Change', aborted);
    expect((await app.deployments('dev1')).map(({ release }) => release)).toEqual([1]);
    expect((await app.deployments('stage1')).map((each) => [each.id, each.status])).toEqual([
      [staged.id, 'awaiting_approval'],
    ]);
  });
});

describe('a decision', () => {
  async function waiting(name: string) {
    const app = await applicationNamed(name);
    app.push('one');
    const { id } = await app.waits('stage1', 1, 'staff');
    const post = await cloud.open(await app.link(STAFF, 'stage1', 1));
    await cloud.taskToken(id, 'staff');
    return { app, approve: () => post({ decision: 'approve', comment: 'fine' }) };
  }
  /** More often than the SDK tries. */
  const crash = () =>
    cloud.local.door.faults.add({
      ...{ service: 'states', operation: 'SendTaskSuccess', caller: 'approval-page', times: 3 },
      error: { code: 'InternalServerError', status: 500 },
    });

  test.each([
    { how: 'deciding again', heal: (again: () => Promise<unknown>) => again() },
    {
      how: 'the reconciler',
      // It gives a resumption on its way ten seconds.
      heal: async () => {
        await new Promise((resolve) => setTimeout(resolve, 10_500));
        await reconcile();
      },
    },
  ])('whose task was not resumed is, by $how', async ({ how, heal }) => {
    const { app, approve } = await waiting(`crash-${how.slice(0, 3)}`);
    crash();
    expect((await approve()).status).toBe(500);
    const { status, gates } = await app.until('stage1', 1, () => true);
    expect([status, gates[0]?.status]).toEqual(['awaiting_approval', 'approved']);
    await heal(approve);
    expect((await app.reaches('stage1', 1, 'succeeded')).gates[0]?.approvals).toHaveLength(1);
  });

  test('is made once, however often DynamoDB refuses to write it at first', async () => {
    const { app, approve } = await waiting('throttled');
    const faults = { service: 'dynamodb', operation: 'TransactWriteItems', caller: 'approval-page' };
    const fields = { CancellationReasons: [{ Code: 'TransactionConflict' }] };
    cloud.local.door.faults.add({ ...faults, times: 3, error: { code: 'TransactionCanceledException', fields } });
    cloud.local.door.faults.add({ ...faults, times: 1, error: { code: 'ThrottlingException' } });
    cloud.local.door.faults.add({
      ...faults,
      times: 1,
      when: 'after',
      error: { code: 'InternalServerError', status: 500 },
    });
    expect((await approve()).status).toBe(200);
    expect((await app.reaches('stage1', 1, 'succeeded')).gates[0]?.approvals).toHaveLength(1);
  });
});
