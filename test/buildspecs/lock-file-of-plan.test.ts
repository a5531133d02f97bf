import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ModuleIdentitiesSchema } from '../../lambdas/domain/contract/module-identities.ts';
import { DIRECTORY, event, ProgramRun, resolveBackend } from './program-runs.ts';
import { lockFileOf } from './providers/packages.ts';

/** Tests what a plan build stores of the lock file, beside the identities of modules. */

const LOCK_FILE = '.terraform.lock.hcl';
const AWS = 'registry.terraform.io/hashicorp/aws';
const locked = (address: string, version: string, hash = 'h1:abc=') => lockFileOf(address, version, [hash]);

let run: ProgramRun;
beforeEach(() => {
  run = new ProgramRun({ [`${DIRECTORY}/main.tf`]: '' });
});
afterEach(() => run.remove());

const commit = (lockFile: string) => run.write({ [`${DIRECTORY}/${LOCK_FILE}`]: lockFile });

/** Lets `init` write a lock file as the engine does. */
function initWrites(lockFile: string): void {
  run.steps.init = (step) => {
    resolveBackend(step.directory);
    writeFileSync(join(step.directory, LOCK_FILE), lockFile);
    return { lines: [event({ type: 'version', terraform: '1.99.0' })] };
  };
}

/** Plans without the cache, which reads the lock file itself before `init` and refuses what it cannot read. */
async function planned() {
  const { result, log } = await run.plan({ STAGEGATE_PROVIDER_CACHE: 'off' });
  if (!result?.ok) throw new Error(`the plan failed: ${JSON.stringify(result)}\n${log}`);
  return ModuleIdentitiesSchema.parse(run.artifacts.json('identities'));
}

describe('a plan build', () => {
  test('lists the providers of a committed lock file', async () => {
    commit(locked(AWS, '5.100.0'));
    const { lockFile } = await planned();
    expect(lockFile).toEqual({
      isCommitted: true,
      providers: [{ address: AWS, version: '5.100.0', fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/) }],
    });
  });

  test('lists the providers that `init` chose, as those of no commit', async () => {
    initWrites(locked(AWS, '5.100.0'));
    expect((await planned()).lockFile).toMatchObject({
      isCommitted: false,
      providers: [{ address: AWS, version: '5.100.0' }],
    });
  });

  test('lists none for a configuration that needs none', async () => {
    expect((await planned()).lockFile).toEqual({ isCommitted: false, providers: [] });
  });

  test('takes a lock file for committed to which `init` only adds hashes', async () => {
    commit(locked(AWS, '5.100.0'));
    initWrites(locked(AWS, '5.100.0', 'h1:other='));
    expect((await planned()).lockFile).toMatchObject({ isCommitted: true });
  });

  test.each([
    ['it lacks a provider', ''],
    ['it has another version of a provider', locked('registry.terraform.io/acme/thing', '1.2.0')],
  ])('says that not all providers are those of the commit where %s', async (_, more) => {
    const thing = 'registry.terraform.io/acme/thing';
    commit(`${locked(AWS, '5.100.0')}${more}`);
    initWrites(`${locked(AWS, '5.100.0')}${locked(thing, '1.3.0')}`);
    expect((await planned()).lockFile).toMatchObject({
      isCommitted: false,
      providers: [{ address: AWS }, { address: thing, version: '1.3.0' }],
    });
  });

  test('takes no lock file of another directory for that of the commit', async () => {
    run.write({ [LOCK_FILE]: locked(AWS, '5.100.0'), [`${DIRECTORY}/../${LOCK_FILE}`]: locked(AWS, '5.100.0') });
    initWrites(locked(AWS, '5.100.0'));
    expect((await planned()).lockFile).toMatchObject({ isCommitted: false });
  });

  test.each([
    ['that is no HCL', 'provider {{{'],
    [
      'whose versions have to be evaluated',
      'provider "registry.terraform.io/hashicorp/aws" {\n  version = local.aws\n}\n',
    ],
    [
      'with more providers than are listed',
      Array.from({ length: 201 }, (_, at) => locked(`registry.terraform.io/acme/p${at}`, '1.0.0')).join(''),
    ],
  ])('lists nothing of a lock file %s, and keeps the identities', async (_, lockFile) => {
    commit(lockFile);
    expect(await planned()).toEqual({ modules: [] });
  });

  test('has stored what it lists before code of the repository can change the lock file', async () => {
    commit(locked(AWS, '5.100.0'));
    const { plan } = run.steps;
    run.steps.plan = (step) => {
      writeFileSync(join(step.directory, LOCK_FILE), locked(AWS, '5.0.0'));
      return plan?.(step) ?? {};
    };
    const { result } = await run.plan({ STAGEGATE_PROVIDER_CACHE: 'off' });
    expect(result).toMatchObject({ ok: false, reason: 'tree-changed' });
    expect(ModuleIdentitiesSchema.parse(run.artifacts.json('identities')).lockFile).toMatchObject({
      providers: [{ version: '5.100.0' }],
    });
  });
});
