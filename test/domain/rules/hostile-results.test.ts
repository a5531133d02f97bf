import { beforeEach, describe, expect, test } from '@jest/globals';
import { runPrefix } from '../../../lambdas/domain/build/run-prefix.ts';
import { type RunObject, runObjectKey } from '../../../lambdas/domain/contract/run-objects.ts';
import { World } from '../../harness/world.ts';

/**
 * Code of a repository runs in builds. No result that it leaves keeps a deployment from ending, or its environment from
 * being released.
 */

const HOSTILE: readonly (readonly [what: string, text: string])[] = [
  ['no JSON', '{"ok": tru'],
  ['nothing', ''],
  ['a number', '7'],
  ['null', 'null'],
  ['a result of another shape', '{"ok": "perhaps"}'],
  ['far too much', JSON.stringify({ ok: false, phase: 'plan', message: 'x'.repeat(2 ** 20) })],
];

let world: World;
beforeEach(async () => {
  world = await World.open();
  await world.release();
});

async function leave(id: string, object: RunObject, text: string): Promise<void> {
  world.artifacts.putText(runObjectKey(runPrefix(await world.deployment(id)), object), text);
}

/** Brings a deployment to the build of a state, which runs then. */
async function untilBuild(state: 'Plan' | 'Inspect' | 'Apply', environment = 'dev1'): Promise<string> {
  const id = await world.deploy(environment, 1);
  await world.workflow.runTo(id, state);
  await world.workflow.step(id);
  return id;
}

/** Stops the execution, ends its build, and runs the reconciler. */
async function mend(id: string): Promise<void> {
  await world.workflow.abort(id);
  world.builds.endAll();
  await world.reconcile();
}

describe.each(HOSTILE)('a build that leaves %s as its result', (_, text) => {
  test('to plan: its deployment fails, and its environment is free', async () => {
    const id = await untilBuild('Plan');
    await leave(id, 'planResult', text);
    await mend(id);
    expect(await world.statusOf(id)).toBe('failed');
    expect(await world.holderOf('dev1')).toBeUndefined();
  });

  test('to inspect: its deployment fails, and its environment is free', async () => {
    await world.bring(1, 'dev1');
    const id = await untilBuild('Inspect', 'stage1');
    await leave(id, 'inspectionResult', text);
    await mend(id);
    expect(await world.statusOf(id)).toBe('failed');
    expect(await world.holderOf('stage1')).toBeUndefined();
  });

  test('to inspect, and succeeds: the analysis says so, and the deployment fails', async () => {
    await world.bring(1, 'dev1');
    const id = await untilBuild('Inspect', 'stage1');
    await world.workflow.step(id);
    await leave(id, 'inspectionResult', text);
    await world.workflow.run(id);
    expect(await world.deployment(id)).toMatchObject({
      status: 'failed',
      error: { reason: 'build-result-unreadable' },
    });
    expect(await world.holderOf('stage1')).toBeUndefined();
  });

  test('to apply: its deployment fails, nobody knows what was applied, and its environment is free', async () => {
    const id = await untilBuild('Apply');
    await leave(id, 'applyStarted', text);
    await leave(id, 'applyResult', text);
    await mend(id);
    expect(await world.deployment(id)).toMatchObject({
      status: 'failed',
      applied: 'unknown',
      error: { message: expect.stringContaining('what the build left as apply/result.json cannot be read') },
    });
    expect(await world.holderOf('dev1')).toBeUndefined();
  });

  test('to plan, and succeeds: the analysis says so, and the deployment fails', async () => {
    const id = await untilBuild('Plan');
    await world.workflow.step(id);
    await leave(id, 'planResult', text);
    await world.workflow.run(id);
    expect(await world.deployment(id)).toMatchObject({
      status: 'failed',
      error: { reason: 'build-result-unreadable' },
    });
    expect(await world.holderOf('dev1')).toBeUndefined();
  });
});

test('what a build says of its failure is kept, at no more than a length that people read', async () => {
  world.builds.terraform = () => ({ plan: 'fails', apply: 'succeeds' });
  const id = await untilBuild('Plan');
  await world.workflow.step(id);
  const long = 'x'.repeat(20_000);
  const diagnostics = Array.from({ length: 20 }, () => ({
    severity: long,
    summary: long,
    detail: long,
    address: long,
    file: long,
  }));
  await leave(id, 'planResult', JSON.stringify({ ok: false, phase: long, message: long, reason: long, diagnostics }));
  await world.workflow.run(id);
  const deployment = await world.deployment(id);
  expect(deployment.status).toBe('failed');
  expect(JSON.stringify(deployment).length).toBeLessThan(200_000);
  expect(JSON.stringify(deployment)).not.toContain('x'.repeat(4001));
});
