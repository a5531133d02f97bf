import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { workPaths } from '../../buildspecs/program/build/work-paths.ts';
import type { EngineStep } from '../../buildspecs/program/engine/engine.ts';
import { plannedBy } from '../../buildspecs/program/engine/plan-file/planned-by.ts';
import { PlanSuccessSchema } from '../../lambdas/domain/contract/build-result.ts';
import { temporaryDirectory } from '../local/temporary-directory.ts';
import { appliedOf, applyFailureOf } from './build-runs.ts';
import { planFile } from './plan-files.ts';
import { ProgramRun, savePlan } from './program-runs.ts';

/** A plan keeps the engine it was made with, whatever the project lists when it is inspected and applied. */

const MAIN = 'resource "terraform_data" "one" {}\n';
const FILES = { 'main.tf': MAIN, 'stagegate_override.tf': 'terraform {\n  backend "s3" {}\n}\n' };
const release = (version: string, more: { url?: string; sha256?: string } = {}) => ({
  name: 'terraform',
  version,
  url: `https://releases.example/${version}.zip`,
  sha256: version.replaceAll(/\D/g, '').padEnd(64, '0'),
  ...more,
});
/** What the stand-in reports at `init`. */
const PLANNED = release('1.99.0');
const NEWER = release('2.0.0');
const listing = (...engines: readonly object[]) => ({ STAGEGATE_ENGINES: JSON.stringify(engines) });

let run: ProgramRun;
afterEach(() => run.remove());

/** Runs a plan build of an installation with these engines. */
async function planned(...engines: readonly object[]): Promise<void> {
  run = new ProgramRun({ 'apps/shop/dev1/main.tf': MAIN }, { plan: savePlan(planFile({ files: FILES })) });
  await planAgain(...engines);
}

async function planAgain(...engines: readonly object[]): Promise<void> {
  PlanSuccessSchema.parse((await run.plan(listing(...engines))).result);
  run.engines.length = 0;
}

describe('a plan that waits', () => {
  test.each([
    ['another version is the default', [NEWER, PLANNED]],
    ['its version was removed', [NEWER]],
    ['its version has another digest', [release('1.99.0', { sha256: 'f'.repeat(64) })]],
    ['only an installed engine has its version', [{ name: 'terraform', version: '1.99.0', path: '/opt/terraform' }]],
    ['there are none', []],
  ])('is inspected and applied by the release that made it, although by then %s', async (_, engines) => {
    await planned(PLANNED);
    const inspected = await run.inspect(listing(...engines));
    expect(inspected).toMatchObject({
      isSuccessful: true,
      result: { engine: { name: 'terraform', version: '1.99.0' } },
    });
    expect(appliedOf((await run.apply(listing(...engines))).result).applied).toBe('yes');
    expect(run.engines).toEqual([PLANNED, PLANNED]);
  });

  test('takes the same release from the mirror that is listed now', async () => {
    await planned(PLANNED);
    const moved = { ...PLANNED, url: 'https://mirror.example/1.99.0.zip' };
    await run.inspect(listing(NEWER, moved));
    await run.apply(listing(NEWER, moved));
    expect(run.engines).toEqual([moved, moved]);
  });

  test('is applied by its engine, whatever engine and version the application and environment name by then', async () => {
    await planned(PLANNED);
    const more = { STAGEGATE_ENGINE: 'tofu', STAGEGATE_ENGINE_VERSION: '1.10.6' };
    const { result } = await run.apply({ ...listing({ ...NEWER, name: 'tofu', version: '1.10.6' }), ...more });
    expect(appliedOf(result).applied).toBe('yes');
    expect(run.engines).toEqual([PLANNED]);
  });

  test('keeps the engine that it had before its code ran', async () => {
    run = new ProgramRun(
      { 'apps/shop/dev1/main.tf': MAIN },
      {
        plan: (step: EngineStep) => {
          writeFileSync(join(run.base, 'engine.json'), JSON.stringify(release('1.99.0', { sha256: 'e'.repeat(64) })));
          return savePlan(planFile({ files: FILES }))(step);
        },
      },
    );
    await planAgain(PLANNED);
    await run.inspect(listing(NEWER));
    await run.apply(listing(NEWER));
    expect(run.engines).toEqual([PLANNED, PLANNED]);
  });

  test('of an installed engine is applied only where an engine with this name and version is listed', async () => {
    let noted = '';
    run = new ProgramRun(
      { 'apps/shop/dev1/main.tf': MAIN },
      {
        plan: (step: EngineStep) => {
          noted = readFileSync(join(run.base, 'engine.json'), 'utf8');
          return savePlan(planFile({ files: FILES }))(step);
        },
      },
    );
    await planAgain({ name: 'terraform', version: '1.99.0', path: '/opt/1.99.0/terraform' });
    // Trees from before trees had releases look like this, too.
    expect(JSON.parse(noted)).toEqual({ name: 'terraform', version: '1.99.0' });
    const elsewhere = { name: 'terraform', version: '1.99.0', path: '/usr/bin/terraform' };
    await run.inspect(listing(NEWER, elsewhere));
    await run.inspect(listing(NEWER, PLANNED));
    expect(run.engines).toEqual([elsewhere, PLANNED]);
    expect(applyFailureOf((await run.apply(listing(NEWER))).result)).toMatchObject({
      phase: 'init',
      reason: 'engine-unavailable',
      applied: 'no',
      message: 'terraform 1.99.0 is not among the engines that builds may run: terraform 2.0.0',
    });
  });
});

describe('what a tree says about its engine', () => {
  const paths = workPaths({
    STAGEGATE_WORK: temporaryDirectory(),
    STAGEGATE_APPLICATION: 'shop',
    STAGEGATE_ENVIRONMENT: 'dev1',
    STAGEGATE_DIRECTORY: 'apps/shop/dev1',
  });
  mkdirSync(paths.base, { recursive: true });

  test.each([
    ['is no JSON', '{'],
    ['is nothing', '{}'],
    ['is another program', JSON.stringify({ name: 'sh', version: '1.0.0' })],
    ['is a path of the machine', JSON.stringify({ name: 'terraform', version: '1.99.0', path: '/bin/sh' })],
    ['is no exact version', JSON.stringify({ name: 'terraform', version: '' })],
    ['is not fetched by https', JSON.stringify({ ...PLANNED, url: 'http://releases.example/1.99.0.zip' })],
    ['has no digest', JSON.stringify({ ...PLANNED, sha256: undefined })],
    ['has no real digest', JSON.stringify({ ...PLANNED, sha256: '0' })],
  ])('is refused where it %s', (_, text) => {
    writeFileSync(paths.engine, text);
    expect(() => plannedBy({ paths })).toThrow(expect.objectContaining({ phase: 'bundle', reason: 'bundle-refused' }));
  });
});
