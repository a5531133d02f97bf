import { SendTaskSuccessCommand, SFNClient } from '@aws-sdk/client-sfn';
import { describe, expect, test } from '@jest/globals';
import { FakeBuilds } from '../fake-builds.ts';
import { FakeFunctions } from '../fake-functions.ts';
import { ManualClock, settled, until } from '../manual-clock.ts';
import { type OpenCloud, openCloud } from '../open-cloud.ts';
import { createMachine, INVOKE, INVOKE_AND_WAIT, START_BUILD, startExecution, withDirectory } from './open-machine.ts';

const END = { End: true };

interface Lives {
  readonly directory: string;
  readonly clock: ManualClock;
  readonly functions: FakeFunctions;
  readonly builds: FakeBuilds;
}

/** Runs a cloud once and ends it like a kill. */
async function live(
  lives: Lives,
  states: Record<string, unknown>,
  use: (cloud: OpenCloud, client: SFNClient) => Promise<void>,
) {
  const cloud = await openCloud(lives);
  const client = new SFNClient(cloud.operator);
  try {
    await createMachine(cloud, states);
    await cloud.start();
    await use(cloud, client);
  } finally {
    client.destroy();
    await cloud.close();
  }
}

const withLives = (use: (lives: Lives) => Promise<void>): Promise<void> =>
  withDirectory((directory) =>
    use({ directory, clock: new ManualClock(), functions: new FakeFunctions(), builds: new FakeBuilds() }),
  );

describe('after a restart on the same data', () => {
  test('an approval that was waited for still counts, with the variables from before', () =>
    withLives(async (lives) => {
      const states = {
        Prepare: { Type: 'Pass', Assign: { who: '{% $states.input.who %}' }, Next: 'Wait' },
        Wait: {
          Type: 'Task',
          Resource: INVOKE_AND_WAIT,
          Arguments: { FunctionName: 'notify', Payload: '{% $states.context.Task.Token %}' },
          Output: '{% $who & ": " & $states.result.decision %}',
          ...END,
        },
      };
      lives.functions.add('notify', () => ({}));
      let arn = '';
      await live(lives, states, async (cloud, client) => {
        arn = await startExecution(client, 'run', { who: 'staff' });
        await until(() => cloud.states.history(arn).at(-1)?.type === 'TaskSubmitted');
      });
      await live(lives, states, async (cloud, client) => {
        expect(cloud.states.execution(arn)?.status).toBe('RUNNING');
        const [taskToken] = lives.functions.events('notify') as string[];
        await client.send(new SendTaskSuccessCommand({ taskToken, output: '{"decision":"approve"}' }));
        await until(() => cloud.states.execution(arn)?.status !== 'RUNNING');
        expect(cloud.states.execution(arn)?.output).toBe('staff: approve');
        expect(lives.functions.invocations).toHaveLength(1);
        const ids = cloud.states.history(arn).map(({ id }) => id);
        expect(ids).toEqual(ids.map((_id, index) => index + 1));
      });
    }));

  test('a timer goes on, and one that ran out meanwhile has run out', () =>
    withLives(async (lives) => {
      const states = { A: { Type: 'Wait', Seconds: '{% $states.input %}', ...END } };
      const arns: string[] = [];
      await live(lives, states, async (cloud, client) => {
        for (const seconds of [30, 300]) arns.push(await startExecution(client, `run-${seconds}`, seconds));
        await cloud.clock.advance(10);
      });
      await lives.clock.advance(100);
      await live(lives, states, async (cloud) => {
        await settled();
        expect(arns.map((arn) => cloud.states.execution(arn)?.status)).toEqual(['SUCCEEDED', 'RUNNING']);
        await cloud.clock.advance(190);
        expect(arns.map((arn) => cloud.states.execution(arn)?.status)).toEqual(['SUCCEEDED', 'SUCCEEDED']);
      });
    }));

  test('a token whose time ran out meanwhile is too late', () =>
    withLives(async (lives) => {
      const states = {
        A: {
          Type: 'Task',
          Resource: INVOKE_AND_WAIT,
          Arguments: { FunctionName: 'notify', Payload: '{% $states.context.Task.Token %}' },
          TimeoutSeconds: 60,
          ...END,
        },
      };
      lives.functions.add('notify', () => ({}));
      let arn = '';
      await live(lives, states, async (cloud, client) => {
        arn = await startExecution(client, 'run');
        await until(() => cloud.states.history(arn).at(-1)?.type === 'TaskSubmitted');
      });
      await lives.clock.advance(60);
      await live(lives, states, async (cloud, client) => {
        const [taskToken] = lives.functions.events('notify') as string[];
        await expect(client.send(new SendTaskSuccessCommand({ taskToken, output: '{}' }))).rejects.toMatchObject({
          name: 'TaskTimedOut',
        });
        expect(cloud.states.execution(arn)).toMatchObject({ status: 'FAILED', error: 'States.Timeout' });
      });
    }));

  test('a function that was at work is invoked again', () =>
    withLives(async (lives) => {
      const states = {
        A: {
          Type: 'Task',
          Resource: INVOKE,
          Arguments: { FunctionName: 'work', Payload: 1 },
          Output: '{% $states.result.Payload %}',
          ...END,
        },
      };
      lives.functions.add('work', () => new Promise(() => {}));
      let arn = '';
      await live(lives, states, async (_cloud, client) => {
        arn = await startExecution(client, 'run');
        await until(() => lives.functions.invocations.length === 1);
      });
      lives.functions.add('work', () => 'second time');
      await live(lives, states, async (cloud) => {
        await until(() => cloud.states.execution(arn)?.status !== 'RUNNING');
        expect(cloud.states.execution(arn)?.output).toBe('second time');
        expect(lives.functions.invocations).toHaveLength(2);
      });
    }));

  test('a build that the restart stopped leads to its Catch, and is not started again', () =>
    withLives(async (lives) => {
      const states = {
        Build: {
          Type: 'Task',
          Resource: START_BUILD,
          Arguments: { ProjectName: 'plan' },
          Catch: [{ ErrorEquals: ['States.TaskFailed'], Next: 'Caught' }],
          ...END,
        },
        Caught: { Type: 'Succeed', Output: '{% $parse($states.input.Cause).Build.BuildStatus %}' },
      };
      let arn = '';
      await live(lives, states, async (cloud, client) => {
        arn = await startExecution(client, 'run');
        await until(() => cloud.states.history(arn).at(-1)?.type === 'TaskSubmitted');
      });
      lives.builds.last.buildStatus = 'STOPPED';
      await live(lives, states, async (cloud) => {
        await until(() => cloud.states.execution(arn)?.status !== 'RUNNING');
        expect(cloud.states.execution(arn)?.output).toBe('STOPPED');
        expect(lives.builds.started).toHaveLength(1);
      });
    }));

  test('an execution keeps the definition it was started with', () =>
    withLives(async (lives) => {
      const states = (Output: string) => ({ A: { Type: 'Wait', Seconds: 60, Output, ...END } });
      let arn = '';
      await live(lives, states('old'), async (cloud, client) => {
        arn = await startExecution(client, 'run');
        await cloud.clock.advance(1);
      });
      await live(lives, states('new'), async (cloud, client) => {
        const newer = await startExecution(client, 'newer');
        await cloud.clock.advance(60);
        expect(cloud.states.execution(arn)?.output).toBe('old');
        expect(cloud.states.execution(newer)?.output).toBe('new');
      });
    }));

  test('an execution that was accepted but had not begun begins', () =>
    withLives(async (lives) => {
      const states = { A: { Type: 'Succeed', Output: 'begun' } };
      let arn = '';
      await live(lives, states, async (cloud, client) => {
        // The start is stored before it is acknowledged; the kill comes before the first step is stored.
        const started = startExecution(client, 'run');
        await until(() => cloud.states.executions().length === 1);
        await cloud.states.stop?.();
        arn = await started;
      });
      await live(lives, states, async (cloud) => {
        await until(() => cloud.states.execution(arn)?.status !== 'RUNNING');
        expect(cloud.states.execution(arn)?.output).toBe('begun');
      });
    }));
});
