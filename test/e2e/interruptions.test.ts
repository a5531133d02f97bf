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

const SECOND_STAFF = 'second@example.com';

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

async function endOf(app: TestApplication, release: number): Promise<Deployment & { applied?: string }> {
  await cloud.poll(`the end of release ${release}`, async () => {
    // The schedule does so every minute.
    await reconcile();
    return (await app.deployments('dev1')).find((each) => each.release === release && each.status === 'failed');
  });
  const { id } = await app.reaches('dev1', release, 'failed');
  const path = `${app.path}/environments/dev1/deployments/${id}`;
  return (await cloud.expect(200, 'GET', path)) as Deployment & { applied?: string };
}

/** Keys of the state locks that lie in the development account's bucket. */
const locksOf = (app: TestApplication) =>
  cloud.local.s3.store
    .listKeys('stagegate-state-111111111111-eu-west-1', `apps/${app.name}/`)
    .filter(([key, [newest]]) => key.endsWith('.tflock') && newest?.file !== undefined)
    .map(([key]) => key);

describe('an execution that somebody stops', () => {
  const rows = [
    { state: 'Plan', status: 'planning', applied: 'no' },
    { state: 'AwaitStaffApproval', status: 'awaiting_approval', applied: 'no' },
  ] as const;
  test.each(rows)('in $state', async ({ state, status, applied }) => {
    const isGated = state === 'AwaitStaffApproval';
    const app = await applicationNamed(`stop-${status.slice(0, 5)}`, {
      development: { autoPromote: false, ...(isGated && { staff: 2 }) },
    });
    if (isGated) await app.approver(SECOND_STAFF, 'staff');
    const build = state === 'Plan' ? 'plan' : 'apply';
    const caller = `assumed-role/stagegate-${app.name}-dev1-${build}/`;
    if (!isGated)
      cloud.local.door.faults.add({ service: 's3', operation: 'GetObject', caller, times: 1, delayMs: 5000 });
    const commit = app.push('one');
    const deployment = await app.until('dev1', 1, (each) => each.status === status);
    // A decision, so that the next release waits instead of superseding this one.
    if (isGated) await app.approve(STAFF, 'dev1', 1);
    else
      await cloud.poll('the build to reach the state', async () =>
        cloud.local.door.calls.list().some((call) => call.caller.includes(caller)) ? true : undefined,
      );
    await cloud.expect(201, 'POST', `${app.path}/releases`, { commit });
    await cloud.operator.sfn.send(new StopExecutionCommand({ executionArn: executionOf(deployment), cause: 'a test' }));

    const ended = await endOf(app, 1);
    expect(ended.error?.message).toMatch(/aborted/);
    expect(ended.applied ?? 'no').toBe(applied);
    if (isGated) {
      await app.approve(STAFF, 'dev1', 2);
      await app.approve(SECOND_STAFF, 'dev1', 2);
    }
    await app.reaches('dev1', 2, 'succeeded');
    expect(locksOf(app)).toEqual([]);
  });
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
