import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { applyFailureOf, planFailureOf } from './build-runs.ts';
import { ProgramRun } from './program-runs.ts';

/** Tests work that a build does beside its phases, and what is left when the build ends in the middle of this work. */
let run: ProgramRun;
beforeEach(() => {
  run = new ProgramRun();
});
afterEach(() => run.remove());

/** Waits for longer than the report of an earlier failure takes. */
async function someTurns(): Promise<void> {
  for (let left = 100; left > 0; left--) await turn();
}

const aborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve());
  });

describe('an engine that is still being installed', () => {
  /** Installs an engine that writes once more after it was told to stop, as running work does. */
  function installsUntilStopped(): { isEnded: boolean } {
    const installation = { isEnded: false };
    run.install = async (directory, stop) => {
      await aborted(stop);
      await someTurns();
      mkdirSync(directory, { recursive: true });
      writeFileSync(join(directory, 'part'), '');
      installation.isEnded = true;
      throw new Error('stopped');
    };
    return installation;
  }

  it('when a plan fails beside it is stopped, and the build leaves nothing of it', async () => {
    const installation = installsUntilStopped();
    const { result } = await run.plan({ STAGEGATE_DIRECTORY: 'not/there' });
    expect(planFailureOf(result)).toMatchObject({ phase: 'checkout' });
    expect(installation.isEnded).toBe(true);
    expect(existsSync(run.base)).toBe(false);
  });

  it('when an inspection fails beside it is stopped, and the build leaves nothing of it', async () => {
    await run.plan();
    const installation = installsUntilStopped();
    const { isSuccessful } = await run.inspect({ STAGEGATE_OPERATION: 'destroy' });
    expect([isSuccessful, installation.isEnded, existsSync(run.base)]).toEqual([false, true, false]);
  });

  it('is stopped with the build, which says that it was', async () => {
    await run.plan();
    run.install = async (_, stop) => {
      run.stopping.abort();
      await aborted(stop);
      throw new Error('stopped');
    };
    const { result } = await run.apply();
    expect(applyFailureOf(result)).toMatchObject({ reason: 'stopped', applied: 'no' });
  });
});

describe('a plan that cannot be packed', () => {
  it('fails when the engine that shows it has ended', async () => {
    let isShown = false;
    const seen: boolean[] = [];
    const { plan: savePlan } = run.steps;
    run.steps.plan = async (step) => {
      writeFileSync(join(step.directory, 'main.tf'), '# not what was packed');
      return (await savePlan?.(step)) ?? {};
    };
    run.steps.show = async () => {
      // Packing unpacks the archive here, to compare it with what was changed.
      while (!existsSync(join(run.base, 'before')) && seen.length === 0) await turn();
      await someTurns();
      isShown = true;
      return { lines: ['{}'] };
    };
    const { put } = run.artifacts;
    run.artifacts.put = async (object, body) => {
      if (object === 'planResult') seen.push(isShown);
      return put.call(run.artifacts, object, body);
    };
    const { result } = await run.plan();
    expect(planFailureOf(result)).toMatchObject({ phase: 'bundle', reason: 'tree-changed' });
    expect(seen).toEqual([true]);
  });
});

describe('a plan that the engine did not save', () => {
  it('fails before anything is done with it', async () => {
    run.steps.plan = () => ({ exitCode: 2 });
    const { result } = await run.plan();
    expect(planFailureOf(result).message).toMatch(/^terraform plan ended with exit code 2: it saved no plan$/);
    expect(run.commands).toEqual(['init', 'plan']);
  });
});

describe('a work directory that cannot be removed', () => {
  it('is told, and makes no failure of an apply that succeeded', async () => {
    await run.plan();
    const { put } = run.artifacts;
    const above = join(run.base, '..');
    run.artifacts.put = async (object, body) => {
      if (object === 'applyResult') {
        renameSync(above, `${above}-elsewhere`);
        writeFileSync(above, 'no directory');
      }
      return put.call(run.artifacts, object, body);
    };
    const { isSuccessful, log } = await run.apply();
    expect(isSuccessful).toBe(true);
    expect(log).toMatch(/^Error: the work directory could not be removed: ENOTDIR/m);
  });
});
