import { BatchGetBuildsCommand, CodeBuildClient, StartBuildCommand } from '@aws-sdk/client-codebuild';
import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { GetExecutionHistoryCommand, StopExecutionCommand } from '@aws-sdk/client-sfn';
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import * as z from 'zod';
import { OPERATOR_CREDENTIALS } from '../../local/door/door.ts';
import { armPause, arrives, COURSES, type Course } from './paused-states.ts';
import { sharedCloud } from './shared-cloud.ts';
import { type Deployment, STAFF, TestApplication, type TestCloud } from './test-cloud.ts';

/**
 * Deployments that are interrupted or events that come twice: afterwards the environment is free, and nothing is done a
 * second time.
 */

let cloud: TestCloud;

beforeAll(async () => {
  cloud = await sharedCloud('terraform');
});

const reconcile = () => cloud.strike('stagegate-reconcile');

/** Returns the keys of an application's state locks in the bucket of the development account. */
const locksOf = (app: TestApplication) =>
  cloud.local.s3.store
    .listKeys('stagegate-state-111111111111-eu-west-1', `apps/${app.name}/`)
    .filter(([key, [newest]]) => key.endsWith('.tflock') && newest?.file !== undefined)
    .map(([key]) => key);

/**
 * Leads an application along each course and returns the outcome for each state, in order. If a step fails, its state
 * and all later states fail.
 */
function walk<Outcome>(name: string, steps: (app: TestApplication, course: Course) => AsyncGenerator<Outcome>) {
  const outcomes = new Map<string, Promise<Outcome>>();
  for (const course of COURSES) {
    const way = steps(new TestApplication(cloud, `${name}-${course.staff}`, ['dev1']), course);
    for (const { state } of course.states) {
      const outcome = way.next().then(({ value, done }) => {
        if (done) throw new Error(`${state} was not reached: an earlier state failed`);
        return value;
      });
      // The state's own test awaits the outcome, perhaps later.
      outcome.catch(() => undefined);
      outcomes.set(state, outcome);
    }
  }
  return outcomes;
}

const STATES = COURSES.flatMap(({ states }) => states.map(({ state }) => state));
const policyOf = ({ staff }: Course) => ({ development: { autoPromote: false, staff } });

async function succeeds(app: TestApplication, { staff }: Course, release: number): Promise<void> {
  if (staff > 0) await app.approve(STAFF, 'dev1', release);
  await app.reaches('dev1', release, 'succeeded');
  expect((await app.environment('dev1')).deployed?.release).toBe(release);
}

const ofRelease = async (app: TestApplication, release: number) =>
  (await app.deployments('dev1')).filter((each) => each.release === release);

describe('an execution that somebody stops', () => {
  const ENDED_ALREADY = ['RecordSuccess', 'AnnounceSuccess', 'KeepTree', 'ReleaseEnvironment'];
  let outcomes: Map<string, Promise<Deployment | undefined>>;

  beforeAll(() => {
    outcomes = walk('stopped', stopInEachState);
  });

  /** Stops release 1 in the first state, release 2 in the second state, and so on; the last release succeeds. */
  async function* stopInEachState(app: TestApplication, course: Course) {
    await app.register({ policy: policyOf(course) });
    for (const [index, row] of course.states.entries()) {
      const release = index + 1;
      const goOn = armPause(app, row, release);
      await app.release(`${release}`);
      const deployment = await arrives(app, row, release);
      const letReconcile = row.state === 'RecordSuccess' ? holdReconciler(deployment) : () => undefined;
      const stop = new StopExecutionCommand({ executionArn: cloud.executionArn(deployment.id), cause: 'a test' });
      await cloud.operator.sfn.send(stop);
      // As in AWS, the function or build of the state continues when the execution is stopped.
      goOn();
      if (row.state === 'RecordSuccess') await app.reaches('dev1', release, 'succeeded');
      letReconcile();
      await isFree(app, deployment);
      expect(locksOf(app)).toEqual([]);
      const [ended] = await ofRelease(app, release);
      if (row === course.states.at(-1)) {
        await app.release('last');
        await succeeds(app, course, release + 1);
      }
      yield ended;
    }
  }

  /**
   * Holds the reconciler back and returns how to let it continue: otherwise chance would decide whether the function of
   * the state or the reconciler records the ending first.
   */
  function holdReconciler({ id }: Deployment): () => void {
    const { promise: until, resolve } = Promise.withResolvers<void>();
    for (const operation of ['GetItem', 'BatchGetItem'])
      cloud.local.door.faults.add({
        service: 'dynamodb',
        operation,
        caller: 'stagegate-reconcile',
        about: `DEPLOYMENT#${id}`,
        times: 50,
        until,
      });
    return resolve;
  }

  const isFree = (app: TestApplication, { id }: Deployment) => {
    const look = async () => {
      // The schedule reconciles every minute.
      await reconcile();
      return (await app.environment('dev1')).current === null || undefined;
    };
    return cloud.poll(`the end of ${id}`, look, { about: app.name });
  };

  test.each(STATES)('in %s: the environment is free again, and the next release goes its way', async (state) => {
    const ended = await outcomes.get(state);
    const endings = ENDED_ALREADY.includes(state)
      ? ['succeeded', undefined]
      : ['failed', expect.stringMatching(/aborted/)];
    expect([ended?.status, ended?.error?.message]).toEqual(endings);
  });
});

describe('two releases that arrive', () => {
  let outcomes: Map<string, Promise<(string | undefined)[]>>;

  beforeAll(() => {
    outcomes = walk('overtaken', overtakeInEachState);
  });

  /**
   * Makes a second and a third release while the first is in a state; the third becomes the first release for the next
   * state.
   */
  async function* overtakeInEachState(app: TestApplication, course: Course) {
    await app.register({ policy: policyOf(course) });
    let first = 1;
    const [start] = course.states;
    let goOn = start && armPause(app, start, first);
    await app.release('one');
    if (start) await arrives(app, start, first);
    for (const index of course.states.keys()) {
      const [second, third] = [first + 1, first + 2];
      for (const release of [second, third]) {
        await app.release(`${release}`);
        await app.until('dev1', release, () => true);
      }
      const next = course.states[index + 1];
      const armNext = () => next && armPause(app, next, third);
      const armed = next?.handsOver ? undefined : armNext();
      goOn?.();
      if (next?.handsOver) await app.until('dev1', third, ({ status }) => status !== 'queued');
      const goOnThere = armed ?? armNext();
      if (next) await arrives(app, next, third);
      else await succeeds(app, course, third);
      const [one, two] = [await ofRelease(app, first), await ofRelease(app, second)];
      yield [...one, ...two].map(({ status }) => status);
      [first, goOn] = [third, goOnThere];
    }
  }

  /**
   * States in which a deployment waits for approval without a decision, or will do so; then a newer release supersedes
   * it. After a decision, or without a gate, it continues.
   */
  const MAKE_ROOM = ['Inspect', 'RequestStaffApproval', 'AwaitStaffApproval'];

  test.each(STATES)('while the first is in %s: the newest is deployed, and none is lost', async (state) => {
    const first = MAKE_ROOM.includes(state) ? 'superseded' : 'succeeded';
    expect(await outcomes.get(state)).toEqual([first, 'superseded']);
  });
});

test('an apply build started a second time refuses and changes nothing', async () => {
  const app = new TestApplication(cloud, 'apply-twice', ['dev1']);
  await app.register({ policy: { development: { autoPromote: false } } });
  await app.release('one');
  const deployment = await app.reaches('dev1', 1, 'succeeded');
  const { events = [] } = await cloud.operator.sfn.send(
    new GetExecutionHistoryCommand({ executionArn: cloud.executionArn(deployment.id), maxResults: 1000 }),
  );
  const scheduled = events
    .map(({ taskScheduledEventDetails: details }) => JSON.parse(details?.parameters ?? '{}'))
    .find(({ ProjectName }) => ProjectName === 'stagegate-apply');
  const Variable = z.object({ Name: z.string(), Value: z.string() });
  const variables = z.array(Variable).parse(scheduled.EnvironmentVariablesOverride);
  const codebuild = new CodeBuildClient({
    endpoint: cloud.local.endpoint,
    region: cloud.local.region,
    credentials: OPERATOR_CREDENTIALS,
  });
  const before = await app.free('dev1');
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
    const app = new TestApplication(cloud, 'again', undefined, 'opentofu');
    await app.register();
    const before = cloud.repository.head();
    const after = app.push('one');
    const { id, commit } = await app.reaches('dev1', 1, 'succeeded');
    const push = {
      repository: 'https://git.example.com/config.git',
      branch: 'main',
      before,
      after,
      changedPaths: [`apps/${app.name}/dev1/main.tf`],
    };
    const put = (eventId: string) => ({
      EventBusName: 'stagegate',
      Source: 'other-tooling',
      DetailType: 'ConfigPushed',
      Detail: JSON.stringify({ ...push, eventId }),
    });
    await cloud.operator.events.send(new PutEventsCommand({ Entries: [put('a'), put('a'), put('b')] }));
    await cloud.deliver('stagegate-register-push', 'ConfigPushed', { ...push, eventId: 'b' });
    const staged = await app.waits('stage1', 1, 'staff');
    const succeeded = { deploymentId: id, application: app.name, environment: 'dev1', release: 1, commit };
    for (const _ of [1, 2])
      await cloud.deliver('stagegate-promote', 'DeploymentSucceeded', {
        ...succeeded,
        operation: 'deploy',
        changes: true,
      });
    const aborted = { name: staged.id, status: 'ABORTED' };
    for (const _ of [1, 2])
      await cloud.deliver('stagegate-reconcile', 'Step Functions Execution Status Change', aborted);
    expect((await app.deployments('dev1')).map(({ release }) => release)).toEqual([1]);
    expect((await app.deployments('stage1')).map((each) => [each.id, each.status])).toEqual([
      [staged.id, 'awaiting_approval'],
    ]);
  });
});

describe('a decision', () => {
  afterEach(() => cloud?.local.door.faults.clear());

  interface Waiting {
    readonly app: TestApplication;
    readonly id: string;
    readonly approve: () => Promise<{ status: number }>;
  }

  async function waiting(name: string): Promise<Waiting> {
    const app = new TestApplication(cloud, name, ['dev1'], 'opentofu');
    await app.register({ policy: { development: { staff: 1, autoPromote: false } } });
    await app.release('one');
    const { id } = await app.waits('dev1', 1, 'staff');
    const post = await cloud.open(await app.link(STAFF, 'dev1', 1));
    await cloud.taskToken(id, 'staff');
    return { app, id, approve: () => post({ decision: 'approve', comment: 'fine' }) };
  }
  /** Makes the call fail as often as the SDK tries it. */
  const crash = () =>
    cloud.local.door.faults.add({
      service: 'states',
      operation: 'SendTaskSuccess',
      caller: 'approval-page',
      times: 3,
      error: { code: 'InternalServerError', status: 500 },
    });

  test.each([
    { how: 'deciding again', heal: ({ approve }: Waiting): Promise<unknown> => approve() },
    {
      how: 'the reconciler',
      // The reconciler waits ten seconds for a resumption that may still be on its way.
      heal: async ({ id }: Waiting): Promise<unknown> => {
        const closedAt = new Date(Date.now() - 10_000).toISOString();
        await cloud.changeRecord({ pk: `DEPLOYMENT#${id}`, sk: 'GATE#staff' }, (gate) => ({ ...gate, closedAt }));
        return reconcile();
      },
    },
  ])('whose task was not resumed is, by $how', async ({ how, heal }) => {
    const waits = await waiting(`crash-${how.slice(0, 3)}`);
    const { app, approve } = waits;
    crash();
    expect((await approve()).status).toBe(503);
    const { status, gates } = await app.until('dev1', 1, () => true);
    expect([status, gates[0]?.status]).toEqual(['awaiting_approval', 'approved']);
    await heal(waits);
    expect((await app.reaches('dev1', 1, 'succeeded')).gates[0]?.approvals).toHaveLength(1);
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
    expect((await app.reaches('dev1', 1, 'succeeded')).gates[0]?.approvals).toHaveLength(1);
  });
});
