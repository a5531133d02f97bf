import { BatchGetBuildsCommand, CodeBuildClient, StartBuildCommand } from '@aws-sdk/client-codebuild';
import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { GetExecutionHistoryCommand, StopExecutionCommand } from '@aws-sdk/client-sfn';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import * as z from 'zod';
import { OPERATOR_CREDENTIALS } from '../../local/door/door.ts';
import { executionOf, pauseIn, sideBySide, WORKING_STATES, type WorkingState } from './paused-states.ts';
import { type Deployment, STAFF, TestApplication, TestCloud } from './test-cloud.ts';

/** What stops half way or happens twice: the environment is free again, and nothing is done a second time. */

let cloud: TestCloud;

beforeAll(async () => {
  cloud = await TestCloud.start({ files: { 'README.md': 'config' } });
});
afterAll(() => cloud?.stop());

async function applicationNamed(name: string, policy: Readonly<Record<string, unknown>> = {}) {
  const app = new TestApplication(cloud, name);
  await app.register({ policy });
  return app;
}

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

describe('an execution that somebody stops', () => {
  const ENDED_ALREADY = ['RecordSuccess', 'AnnounceSuccess', 'ReleaseEnvironment'];
  let plays: ReturnType<typeof sideBySide<WorkingState, Deployment>>;

  beforeAll(() => {
    plays = sideBySide(WORKING_STATES, play);
  });

  /** Stops the first release in a state, and lets the next one go its way; answers how the first one ended. */
  async function play(row: WorkingState): Promise<Deployment> {
    const app = new TestApplication(cloud, `stop-${row.state.toLowerCase()}`);
    const { deployment, goOn } = await pauseIn(app, row);
    await cloud.operator.sfn.send(
      new StopExecutionCommand({ executionArn: executionOf(app, deployment), cause: 'a test' }),
    );
    // What works in the state goes on when its execution is stopped, as in AWS.
    goOn();
    const ended = await cloud.poll(`the end of ${deployment.id}`, async () => {
      // The schedule does so every minute.
      await reconcile();
      const { current } = await app.environment('dev1');
      return current === null ? (await app.deployments('dev1'))[0] : undefined;
    });
    app.push('two');
    if ('isGated' in row) await app.approve(STAFF, 'dev1', 2);
    await app.reaches('dev1', 2, 'succeeded');
    expect(locksOf(app)).toEqual([]);
    return ended;
  }

  test.each(WORKING_STATES.map((row) => [row.state, row] as const))(
    'in %s: the environment is free again, and the next release goes its way',
    async (state, row) => {
      const ended = await plays.get(row);
      const endings = ENDED_ALREADY.includes(state)
        ? ['succeeded', undefined]
        : ['failed', expect.stringMatching(/aborted/)];
      expect([ended?.status, ended?.error?.message]).toEqual(endings);
    },
  );
});

describe('two releases that arrive', () => {
  let plays: ReturnType<typeof sideBySide<WorkingState, Deployment[]>>;

  beforeAll(() => {
    plays = sideBySide(WORKING_STATES, play);
  });

  /** The second and the third come while the first is in a state; answers what became of all three. */
  async function play(row: WorkingState): Promise<Deployment[]> {
    const app = new TestApplication(cloud, `two-${row.state.toLowerCase()}`);
    const { goOn } = await pauseIn(app, row);
    app.push('two');
    await app.until('dev1', 2, () => true);
    app.push('three');
    await app.until('dev1', 3, () => true);
    goOn();
    if ('isGated' in row) await app.approve(STAFF, 'dev1', 3);
    await app.reaches('dev1', 3, 'succeeded');
    expect((await app.environment('dev1')).deployed?.release).toBe(3);
    return app.deployments('dev1');
  }

  /** Who awaits approval without a decision makes room; who has been decided or needs no approval goes on. */
  const MAKE_ROOM = ['RequestStaffApproval', 'AwaitStaffApproval'];

  test.each(WORKING_STATES.map((row) => [row.state, row] as const))(
    'while the first is in %s: the newest is deployed, and none is lost',
    async (state, row) => {
      const deployments = await plays.get(row);
      const [first, second, third] = [1, 2, 3].map((release) =>
        deployments?.filter((each) => each.release === release),
      );
      expect([first?.length, second?.length, third?.length]).toEqual([1, 1, 1]);
      expect({ first: first?.[0]?.status, second: second?.[0]?.status }).toEqual({
        first: MAKE_ROOM.includes(state) ? 'superseded' : 'succeeded',
        second: 'superseded',
      });
    },
  );
});

test('an apply build started a second time refuses and changes nothing', async () => {
  const app = await applicationNamed('apply-twice', { development: { autoPromote: false } });
  app.push('one');
  const deployment = await app.reaches('dev1', 1, 'succeeded');
  const { events = [] } = await cloud.operator.sfn.send(
    new GetExecutionHistoryCommand({ executionArn: executionOf(app, deployment), maxResults: 1000 }),
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
  afterEach(() => cloud?.local.door.faults.clear());

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
