import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { planFile } from '../plan-files.ts';
import { DIRECTORY, ProgramRun, resolveBackend, savePlan } from '../program-runs.ts';

/** Code of the repository runs in the plan: it must not be able to say what the configuration reads. */

const MAIN = 'module "vpc" {\n  source = "../../_modules/vpc"\n}\n';
const $ = '$';
const VPC = `locals {\n  x = file("${$}{path.module}/../../_common/x.json")\n}\n`;
const MANIFEST = {
  Modules: [
    { Key: '', Source: '', Dir: '.' },
    { Key: 'vpc', Source: '../../_modules/vpc', Dir: '../../_modules/vpc' },
  ],
};
const READS = { paths: ['apps/_common/x.json', 'apps/_files', 'apps/_modules/vpc'], isComplete: true };

let run: ProgramRun;
beforeEach(() => {
  run = new ProgramRun({
    [`${DIRECTORY}/main.tf`]: MAIN,
    [`${DIRECTORY}/files`]: { link: '../../_files' },
    'apps/_files/a.txt': '',
    'apps/_modules/vpc/main.tf': VPC,
  });
  run.steps.init = ({ directory }) => {
    if (directory.endsWith('inspection')) return {};
    resolveBackend(directory);
    mkdirSync(join(directory, '.terraform/modules'), { recursive: true });
    writeFileSync(join(directory, '.terraform/modules/modules.json'), JSON.stringify(MANIFEST));
    return {};
  };
});
afterEach(() => run.remove());

test('the plan build tells what is read before it plans, and the inspection tells the same', async () => {
  const before: unknown[] = [];
  const save = savePlan(planFile());
  run.steps.plan = (step) => {
    before.push(run.artifacts.json('reads'));
    return save(step);
  };
  expect((await run.plan()).isSuccessful).toBe(true);
  expect([...before, run.artifacts.json('reads')]).toEqual([READS, READS]);
  await run.inspect();
  expect(run.artifacts.json('inspectedReads')).toEqual(READS);
});

test('a plan that fails has told it', async () => {
  run.steps.plan = () => ({ exitCode: 1 });
  expect((await run.plan()).isSuccessful).toBe(false);
  expect(run.artifacts.json('reads')).toEqual(READS);
});

test('a build in whose place something else was told fails', async () => {
  await run.artifacts.put('reads', '{"paths":[],"isComplete":true}');
  const { isSuccessful, result } = await run.plan();
  expect([isSuccessful, run.commands]).toEqual([false, ['init']]);
  expect(result).toMatchObject({ phase: 'upload', reason: 'artifact-store' });
});

test('a destruction tells nothing', async () => {
  const { isSuccessful } = await run.plan({ STAGEGATE_OPERATION: 'destroy' });
  expect([isSuccessful, run.artifacts.json('reads')]).toEqual([true, undefined]);
});
