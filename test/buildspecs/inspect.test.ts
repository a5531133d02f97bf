import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from '@jest/globals';
import { PlanSuccessSchema } from '../../lambdas/domain/contract/build-result.ts';
import { textValue } from './forged-variables.ts';
import { type PlanFacts, planFile } from './plan-files.ts';
import { AGENT, DIRECTORY, ProgramRun, savePlan } from './program-runs.ts';

/** Tests what the inspect program does with any files of a plan build. The tests of real builds use a real engine. */

const MAIN = 'resource "terraform_data" "one" {}\n';
const FILES = { 'main.tf': MAIN, 'stagegate_override.tf': 'terraform {\n  backend "s3" {}\n}\n' };
const LOCK = `provider "registry.terraform.io/hashicorp/aws" {
  version = "6.1.0"
  hashes = ["h1:abc=", "zh:${'0'.repeat(64)}"]
}
`;

let run: ProgramRun;
afterEach(() => run.remove());

/** Runs a plan build in which somebody saved this plan. */
async function planned(facts: PlanFacts | Buffer = {}, files: Readonly<Record<string, string>> = {}) {
  const bytes = Buffer.isBuffer(facts) ? facts : planFile({ files: FILES, ...facts });
  run = new ProgramRun({ [`${DIRECTORY}/main.tf`]: MAIN, ...files }, { plan: savePlan(bytes) });
  const { result, log } = await run.plan();
  const parsed = PlanSuccessSchema.safeParse(result);
  if (!parsed.success) throw new Error(`the plan failed: ${JSON.stringify(result)}\n${log}`);
  run.calls.length = 0;
  return parsed.data;
}

describe('an inspection', () => {
  test('says what the plan itself is, and prints it with the engine that made it', async () => {
    const { digest } = await planned({ state: { serial: 7, lineage: 'line' } });
    const { isSuccessful, result, log } = await run.inspect();
    expect({ isSuccessful, log }).toEqual({ isSuccessful: true, log: '' });
    expect(result).toMatchObject({
      ok: true,
      operation: 'deploy',
      engine: { name: 'terraform', version: '1.99.0' },
      digest,
      backend: { type: 's3', bucket: 'b', key: 'k', region: 'eu-west-1' },
      state: { serial: 7, lineage: 'line' },
      added: { count: 0, paths: [] },
      lockedProviders: [],
    });
    expect(run.artifacts.json('inspectedPlan')).toEqual({});
    expect(run.artifacts.json('inspectedModules')).toEqual({ Modules: [] });
  });

  test('runs the engine in a directory that has nothing of the repository, with no credentials', async () => {
    await planned({}, { [`${DIRECTORY}/.terraform.lock.hcl`]: LOCK, [`${DIRECTORY}/evil.auto.tfvars`]: '' });
    await run.inspect();
    expect(run.commands).toEqual(['init', 'show']);
    for (const { directory, environment } of run.calls) {
      expect(basename(directory)).toBe('inspection');
      for (const name of [...Object.keys(AGENT), 'STAGEGATE_TICKET', 'AWS_ACCESS_KEY_ID'])
        expect(environment).not.toHaveProperty(name);
    }
    expect(run.calls[0]?.arguments).toEqual(expect.arrayContaining(['-backend=false', '-lockfile=readonly']));
    expect(run.redeemed).toHaveLength(1);
  });

  test('asks for all providers of the lock file, in its versions, and says which they are', async () => {
    await planned({}, { [`${DIRECTORY}/.terraform.lock.hcl`]: LOCK });
    const seen: unknown[] = [];
    run.steps.init = ({ directory }) => {
      seen.push(JSON.parse(readText(`${directory}/providers.tf.json`)), readText(`${directory}/.terraform.lock.hcl`));
      return {};
    };
    const { result } = await run.inspect();
    const source = 'registry.terraform.io/hashicorp/aws';
    expect(seen).toEqual([{ terraform: [{ required_providers: [{ p0: { source, version: '= 6.1.0' } }] }] }, LOCK]);
    expect(result).toMatchObject({
      lockedProviders: [{ address: source, version: '6.1.0', fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/) }],
    });
  });

  test('takes the region of the environment where the backend names none', async () => {
    await planned({ backend: { type: 's3', config: { bucket: 'b', key: 'k', region: null } } });
    expect((await run.inspect()).result).toMatchObject({ backend: { region: 'eu-west-1' } });
  });

  test('has another digest of what is applied where the tree or an added file is another', async () => {
    const contentOf = async (files: Readonly<Record<string, string>>, added?: string) => {
      await planned({}, files);
      if (added !== undefined) {
        const { plan } = run.steps;
        run.artifacts.objects.clear();
        run.steps.plan = (step) => {
          writeFileSync(`${step.directory}/function.zip`, added);
          return plan?.(step) ?? {};
        };
        await run.plan();
      }
      const { result } = await run.inspect();
      run.remove();
      return result?.ok && result.content;
    };
    const found = [
      await contentOf({}),
      await contentOf({ 'shared.txt': 'other' }),
      await contentOf({}, 'one'),
      await contentOf({}, 'two'),
    ];
    expect(new Set(found).size).toBe(4);
    expect(await contentOf({}, 'one')).toBe(found[2]);
  });

  test('lists the files that the plan added', async () => {
    run = new ProgramRun({ [`${DIRECTORY}/main.tf`]: MAIN });
    run.steps.plan = (step) => {
      writeFileSync(`${step.directory}/function.zip`, 'zip');
      return savePlan(planFile({ files: FILES }))(step);
    };
    const added = { count: 1, paths: [`${DIRECTORY}/function.zip`] };
    expect((await run.plan()).result).toMatchObject({ added });
    expect((await run.inspect()).result).toMatchObject({ added });
  });

  test.each<[string, PlanFacts | Buffer, string, string]>([
    ['of another operation', { mode: 'destroy' }, 'plan-not-ours', 'the plan is of the mode "destroy", not "normal"'],
    ['that only refreshes', { mode: 'refresh-only' }, 'plan-not-ours', 'is of the mode "refresh-only"'],
    ['of a part', { targets: ['a.b'] }, 'plan-not-ours', 'is for a part of the configuration only: -target=a.b'],
    ['that leaves a part out', { excludes: ['a.b'] }, 'plan-not-ours', 'part of the configuration only: -exclude=a.b'],
    ['that replaces by request', { forceReplaces: ['a.b'] }, 'plan-not-ours', '(-replace): a.b'],
    ['for a file', { backend: { type: 'local', config: {} } }, 'plan-not-ours', 'is for the backend "local", not "s3"'],
    [
      'for another workspace',
      { backend: { type: 's3', config: { bucket: 'b', key: 'k' }, workspace: 'other' } },
      'plan-not-ours',
      'is for the workspace "other"',
    ],
    [
      'without a key',
      { backend: { type: 's3', config: { bucket: 'b', key: null } } },
      'plan-not-ours',
      'without bucket or key',
    ],
    [
      'of another configuration',
      { files: { ...FILES, 'main.tf': '' } },
      'plan-of-other-configuration',
      `"${DIRECTORY}/main.tf" differs`,
    ],
    [
      'of more than the commit',
      { files: { ...FILES, 'evil.tf': '' } },
      'plan-of-other-configuration',
      `"${DIRECTORY}/evil.tf" is not in the tree`,
    ],
    ['that is none', Buffer.from('saved'), 'plan-unreadable', 'reading the plan: '],
  ])('refuses a plan %s', async (_, facts, reason, message) => {
    await planned(facts);
    const { isSuccessful, result } = await run.inspect();
    expect(isSuccessful).toBe(false);
    expect(result).toMatchObject({ ok: false, phase: 'plan-file', reason, message: expect.stringContaining(message) });
    expect(run.commands).toEqual([]);
  });

  /** Lets the engine say that `v` is declared, and read this value from the files of the commit. */
  const declaring = (value: string): string[][] => {
    const seen: string[][] = [];
    run.steps.show = () => ({ lines: [JSON.stringify({ configuration: { root_module: { variables: { v: {} } } } })] });
    run.steps.plan = (step) => {
      seen.push(readdirSync(step.directory).sort());
      return savePlan(planFile({ variables: { v: textValue(value) } }), {})(step);
    };
    return seen;
  };

  test('has the engine read the values of the commit, where it has nothing else of it and no credentials', async () => {
    const values = { [`${DIRECTORY}/terraform.tfvars`]: '', [`${DIRECTORY}/.x.auto.tfvars.json`]: '{}' };
    await planned({ variables: { v: textValue('BBBB') } }, { ...values, [`${DIRECTORY}/other.tfvars`]: '' });
    const seen = declaring('BBBB');
    const { isSuccessful, log } = await run.inspect();
    expect({ isSuccessful, log }).toEqual({ isSuccessful: true, log: '' });
    expect(run.commands).toEqual(['show', 'plan']);
    expect(seen).toEqual([['.x.auto.tfvars.json', 'terraform.tfvars', 'variables.tf.json']]);
    for (const name of [...Object.keys(AGENT), 'STAGEGATE_TICKET', 'AWS_ACCESS_KEY_ID'])
      expect(run.calls[1]?.environment).not.toHaveProperty(name);
    expect(run.calls[1]?.arguments).toContain(`-var-file=${run.base}/variables.tfvars.json`);
  });

  test('refuses a plan with another value of a variable than the commit, and tells neither of them', async () => {
    await planned({ variables: { v: textValue('CCCC') } });
    declaring('BBBB');
    const { isSuccessful, result, log } = await run.inspect();
    expect(isSuccessful).toBe(false);
    const message = 'the plan has other values than the commit for the variable(s) "v"';
    expect(result).toMatchObject({ ok: false, phase: 'plan-file', reason: 'plan-not-ours', message });
    expect(log).toBe(`Error: ${message}\n`);
    expect(run.artifacts.json('inspectedPlan')).toBeUndefined();
  });

  test('fails where the engine cannot read the values of the commit', async () => {
    await planned({ variables: { v: textValue('BBBB') } });
    declaring('BBBB');
    run.steps.plan = () => ({ exitCode: 1, errorOutput: '╷\n│ Error: Invalid expression\n│ v = CCCC\n' });
    const { result, log } = await run.inspect();
    expect(result).toMatchObject({ ok: false, phase: 'plan-file', message: 'Invalid expression' });
    expect(log).not.toContain('CCCC');
  });

  test('refuses a plan that OpenTofu has encrypted, and names the keys that it would need', async () => {
    const encryption = `terraform {
  encryption {
    key_provider "aws_kms" "main" {
      kms_key_id = "k"
      region     = "eu-west-1"
      key_spec   = "AES_256"
    }
    method "aes_gcm" "main" {
      keys = key_provider.aws_kms.main
    }
    plan {
      method = method.aes_gcm.main
    }
  }
}
`;
    await planned(Buffer.from('{"meta":{},"encrypted_data":"AAAA","encryption_version":"v0"}'), {
      [`${DIRECTORY}/encryption.tf`]: encryption,
    });
    expect((await run.inspect()).result).toMatchObject({
      ok: false,
      phase: 'plan-file',
      reason: 'plan-encrypted',
      message: expect.stringMatching(/is encrypted.* with the keys of aws_kms\.main \(encryption\.tf:11\)/),
    });
  });

  test('fails where the tree of the run is not the one that the bundle is for', async () => {
    const { bundle } = await planned();
    const key = bundle.key.replace('bundle.tar.gz', 'tree.tar.gz');
    run.artifacts.objects.set(key, repacked(run.artifacts.objects.get(key)));
    expect((await run.inspect()).result).toMatchObject({ ok: false, phase: 'bundle', reason: 'bundle-refused' });
  });

  test('fails where there is nothing to be looked at, or far too much', async () => {
    const { bundle } = await planned();
    run.artifacts.objects.set(bundle.key, Buffer.alloc(257 * 1024 * 1024));
    expect((await run.inspect()).result).toMatchObject({ ok: false, phase: 'download', reason: 'artifact-store' });
    run.artifacts.objects.clear();
    expect((await run.inspect()).result).toMatchObject({ ok: false, phase: 'download', reason: 'artifact-store' });
  });

  test('keeps the first result, whatever a second build finds', async () => {
    await planned();
    const { result } = await run.inspect();
    run.steps.show = () => ({ lines: ['{"other":true}'] });
    const again = await run.inspect();
    expect(again.isSuccessful).toBe(false);
    expect(again.result).toEqual(result);
  });

  test('stores the identities of the modules before anything of the repository runs, its providers included', async () => {
    await planned({}, { [`${DIRECTORY}/.terraform.lock.hcl`]: LOCK });
    const stored: unknown[] = [];
    const { init } = run.steps;
    run.steps.init = (step) => {
      stored.push(run.artifacts.json('inspectedIdentities'));
      return init?.(step) ?? {};
    };
    await run.inspect();
    expect(stored).toEqual([{ modules: [] }]);
  });

  test('fails before it runs the engine where other identities are in the place of its own', async () => {
    await planned();
    await run.artifacts.put('inspectedIdentities', '{"forged":true}');
    const { isSuccessful, result } = await run.inspect();
    expect([isSuccessful, run.commands]).toEqual([false, []]);
    expect(result).toMatchObject({
      ok: false,
      phase: 'upload',
      reason: 'artifact-store',
      message: 'uploading the identities of the modules: something else was put in its place before',
    });
  });

  test.each(['inspectedPlan', 'inspectedModules'] as const)(
    'fails where another %s is in the place of its own',
    async (object) => {
      await planned();
      await run.artifacts.put(object, '{"forged":true}');
      const { isSuccessful, result } = await run.inspect();
      expect(isSuccessful).toBe(false);
      expect(result).toMatchObject({
        ok: false,
        phase: 'upload',
        message: 'uploading what was found: something else was put in its place before',
      });
    },
  );
});

const readText = (file: string): string => readFileSync(file, 'utf8');

/** Returns the same contents in other bytes. */
const repacked = (archive: Buffer | undefined): Buffer => gzipSync(gunzipSync(archive ?? ''), { level: 1 });
