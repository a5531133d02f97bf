import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { JANE, STAFF } from '../api/pipeline-world.ts';
import { CommandLineWorld } from './command-line-world.ts';

let world: CommandLineWorld;
beforeEach(async () => {
  world = await CommandLineWorld.create();
});
afterEach(() => world.stop());

/** Does one step each time the command waits. */
function stepByStep(...steps: (() => Promise<unknown>)[]): void {
  world.meanwhile = async () => {
    world.api.surroundings.advance(1);
    await steps.shift()?.();
  };
}

describe('watching a deployment', () => {
  test('tells each change once, and ends with 6 if it was no success', async () => {
    const { api } = world;
    await api.approver(STAFF, 'staff', [JANE]);
    await api.end(await api.release(1));
    const id = await api.deploy('stage1', 1);
    stepByStep(
      async () => {
        await api.plan(id, { gates: [{ gate: 'staff', required: 1 }] });
        await api.openGate(id, 'staff');
      },
      async () => {},
      () => api.end(id, 'expired'),
    );
    const { code, stdout } = await world.run('watch stage1');
    expect(code).toBe(6);
    expect(stdout.split('\n')).toEqual([
      '10:00:00  stage1: release 1 is planning',
      '10:00:01  stage1: release 1 waits for staff (0 of 1)',
      '10:00:03  stage1: release 1 expired: the workflow ended it as expired',
      '',
    ]);
  });

  test.each([
    ['failed', 'release 1 failed'],
    ['canceled', 'release 1 was canceled'],
    ['blocked', 'release 1 was blocked'],
  ] as const)('that %s ends with 6', async (ending, text) => {
    const id = await world.api.release(1);
    stepByStep(() => world.api.end(id, ending));
    const { code, stdout } = await world.run('watch dev1 --json');
    expect(code).toBe(6);
    const lines = stdout.trim().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { environment: 'dev1', deployment: id, release: 1, status: 'planning', waitsFor: [] },
      { status: ending, text: expect.stringContaining(text) },
    ]);
  });

  test('that ended before says so at once', async () => {
    await world.api.end(await world.api.release(1));
    const { code, stdout } = await world.run('watch dev1');
    expect([code, world.pauses]).toEqual([0, []]);
    expect(stdout).toContain('release 1 passed through: there was nothing to change');
  });

  test('goes on when the API does not answer for a while', async () => {
    const id = await world.api.release(1);
    const busy = { status: 503, body: JSON.stringify({ message: 'Service \u001b[2JUnavailable' }) };
    stepByStep(
      async () => world.served.instead.push(busy, busy, busy, busy, busy),
      ...Array(6).fill(async () => {}),
      () => world.api.end(id),
    );
    const { code, stderr } = await world.run('watch dev1');
    expect(code).toBe(0);
    expect(stderr.match(/Trying again/g)).toHaveLength(1);
    expect(stderr).toContain('Service  [2JUnavailable. Trying again');
    expect(stderr).toContain('The API answers again.');
  });

  test('is ended by Ctrl-C with 130, and the deployment goes on', async () => {
    const id = await world.api.release(1);
    stepByStep(async () => world.interruption.abort());
    expect((await world.run('watch dev1')).code).toBe(130);
    expect(await world.api.store.get('deployment', { id })).toMatchObject({ status: 'planning' });
  });
});

describe('watching a release', () => {
  test('waits for the first one, follows it, and says what comes next', async () => {
    const { api } = world;
    let id = '';
    stepByStep(
      async () => {},
      async () => {
        id = await api.release(1);
      },
      () => api.end(id),
    );
    const { code, stdout, stderr } = await world.run('watch');
    expect(code).toBe(0);
    expect(stderr).toContain('my-app has no release yet. Waiting for the first push …');
    expect(stdout).toMatch(/dev1: release 1 is planning\n.*dev1: release 1 passed through/);
    expect(stderr).toContain('Release 1 is in dev1. Next: `stagegate promote stage1`.');
  });

  test('waits for an automatic promotion, and follows that too', async () => {
    const { api } = world;
    const id = await api.release(1);
    let next = '';
    stepByStep(
      () => api.end(id),
      async () => {},
      async () => {
        next = await api.deploy('stage1', 1);
      },
      () => api.end(next, 'failed'),
    );
    const { code, stdout, stderr } = await world.run('watch');
    expect(code).toBe(6);
    expect(stdout).toMatch(/dev1: .*passed through.*\n.*stage1: release 1 is planning\n.*stage1: release 1 failed/);
    expect(stderr).toContain('Release 1 was not successful in stage1: failed.');
  });

  test.each([
    ['the first push', 0],
    ['a promotion', 1],
  ])('goes on when %s comes between its look at the pipeline and that at the release', async (_, released) => {
    const { api, served } = world;
    if (released) await api.end(await api.release(1));
    let id: string | undefined;
    served.before = async (_method, path) => {
      if (path.endsWith('/releases')) id ??= await (released ? api.deploy('stage1', 1) : api.release(1));
    };
    stepByStep(async () => {
      if (id !== undefined) await api.end(id);
    });
    const { code, stderr } = await world.run('watch');
    expect([code, world.pauses.length > 0]).toEqual([0, true]);
    expect(stderr).toContain(`Release 1 is in ${released ? 'stage1' : 'dev1'}. Next:`);
  });

  test('on a terminal it shows the pipeline as it changes', async () => {
    const id = await world.api.release(1);
    world.typed = [];
    stepByStep(() => world.api.end(id));
    const { stdout } = await world.run('watch');
    expect(stdout).toContain('dev1         development  nothing   release 1 is planning');
    expect(stdout).toContain('dev1         development  release 1 (passed through)');
  });

  test('on a terminal the pipeline is there once, while a gate is open and after a note', async () => {
    const { api } = world;
    await api.approver(STAFF, 'staff', [JANE]);
    world.typed = [];
    let id = '';
    stepByStep(
      async () => {},
      async () => api.end(await api.release(1)),
      async () => {
        id = await api.deploy('stage1', 1);
        await api.plan(id, { gates: [{ gate: 'staff', required: 1 }] });
        await api.openGate(id, 'staff');
      },
      async () => {},
      async () => {},
      () => api.end(id, 'expired'),
    );
    const { stdout } = await world.run('watch');
    expect(stdout).toContain('decide with `stagegate approve stage1`');
    const [before, after, ...more] = world.screen.split('my-app has no release yet. Waiting for the first push …\n');
    expect(before).toMatch(/^my-app: no push was seen yet\n\nENVIRONMENT .*\ndev1 .*\nstage1 .*\nprod1 .*\n$/);
    expect(after).toMatch(
      /^my-app: .*\n\nENVIRONMENT .*\ndev1 .*\nstage1 .*\nprod1 .*\nRelease 1 was not successful in stage1: expired.\n$/,
    );
    expect(more).toEqual([]);
  });
});
