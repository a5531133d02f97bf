import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { GetObjectCommand, S3ServiceException } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { bundleBuildspecs } from '../../buildspecs/bundle.ts';
import { OPERATOR_CREDENTIALS } from '../../local/door/door.ts';
import { type OpenS3, openS3 } from '../local/s3/open-s3.ts';
import { ApplyFailureSchema, PlanFailureSchema, PlannedSchema } from './build-runs.ts';

const bucket = 'artifacts';
let opened: OpenS3;
let root: string;
let asset: string;
let directory: string;
let prefix: string;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'stagegate-scripts-'));
  asset = join(root, 'asset');
  await bundleBuildspecs(asset);
  opened = await openS3();
  await opened.createBucket(bucket, { VersioningConfiguration: { Status: 'Enabled' } });
});
afterAll(async () => {
  await opened.close();
  rmSync(root, { recursive: true, force: true });
});
beforeEach(() => {
  directory = mkdtempSync(join(root, 'run-'));
  prefix = `runs/x/${randomBytes(16).toString('hex')}/`;
  mkdirSync(join(directory, 'bin'));
  mkdirSync(join(directory, 'checkout', 'apps/shop/dev1'), { recursive: true });
  writeFileSync(join(directory, 'checkout', 'apps/shop/dev1', 'main.tf'), '');
});

/** Puts a program on the PATH of the scripts. */
function addCommand(name: string, script: string): void {
  const file = join(directory, 'bin', name);
  writeFileSync(file, `#!/usr/bin/env bash\n${script}\n`);
  chmodSync(file, 0o755);
}

/** Writes the file that `-out` names. */
const savePlan = `echo saved >"$(printf '%s\\n' "$@" | sed -n 's/^-out=//p')"`;

const INIT = [
  'mkdir -p .terraform',
  'echo \'{"backend":{"type":"s3","config":{"bucket":"b","key":"k","region":"eu-west-1"}}}\' >.terraform/terraform.tfstate',
  'echo \'{"type":"version","terraform":"1.99.0"}\'',
].join('\n');

/** A `terraform` that succeeds at everything, with the steps given here done differently. */
function addEngine(steps: Readonly<Record<string, string>> = {}, name = 'terraform'): void {
  const normal: Record<string, string> = {
    init: INIT,
    validate: 'echo \'{"diagnostics":[]}\'',
    plan: `${savePlan}; exit 2`,
    show: "echo '{}'",
    apply: 'echo \'{"type":"change_summary","changes":{"add":1,"change":0,"remove":0,"operation":"apply"}}\'',
    output: "echo '{}'",
    ...steps,
  };
  const cases = Object.entries(normal).map(([step, script]) => `${step})\n${script}\n;;`);
  addCommand(
    name,
    `echo "$*" >>"${directory}/calls"\nstep=$1\nshift\ncase $step in\n${cases.join('\n')}\n*) exit 9 ;;\nesac`,
  );
}

const calls = () => readFileSync(join(directory, 'calls'), 'utf8').trim().split('\n');

async function run(script: 'plan' | 'apply', more: Readonly<Record<string, string>> = {}) {
  const endpoint = await opened.operator.config.endpoint?.();
  const url = `${endpoint?.protocol}//${endpoint?.hostname}:${endpoint?.port}`;
  const child = spawn('bash', [join(asset, 'scripts', `${script}.sh`)], {
    env: {
      PATH: [join(directory, 'bin'), dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter),
      HOME: directory,
      AWS_REGION: 'eu-west-1',
      AWS_ENDPOINT_URL: url,
      AWS_ACCESS_KEY_ID: OPERATOR_CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: OPERATOR_CREDENTIALS.secretAccessKey,
      CODEBUILD_SRC_DIR: join(directory, 'checkout'),
      STAGEGATE_WORK: join(directory, 'work'),
      STAGEGATE_ENGINES: 'installed',
      STAGEGATE_DEPLOYMENT_ID: 'shop-dev1-1-abcdef',
      STAGEGATE_APPLICATION: 'shop',
      STAGEGATE_ENVIRONMENT: 'dev1',
      STAGEGATE_OPERATION: 'deploy',
      STAGEGATE_DIRECTORY: 'apps/shop/dev1',
      STAGEGATE_COMMIT: 'abc',
      STAGEGATE_REGION: 'eu-west-1',
      STAGEGATE_ROLE_ARN: 'arn:aws:iam::222222222222:role/x',
      STAGEGATE_EXTERNAL_ID: 'the-external-id',
      STAGEGATE_STATE_BUCKET: 'our-bucket',
      STAGEGATE_STATE_KEY: 'apps/shop/dev1/terraform.tfstate',
      STAGEGATE_ARTIFACT_BUCKET: bucket,
      STAGEGATE_RUN_PREFIX: prefix,
      STAGEGATE_ENGINE: 'terraform',
      STAGEGATE_ENGINE_VERSION: '',
      ...more,
    },
  });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (output += chunk));
  const exitCode = await new Promise((resolve) => child.on('close', resolve));
  return { exitCode, output, result: await readResult(script) };
}

async function readResult(script: 'plan' | 'apply'): Promise<unknown> {
  try {
    const { Body } = await opened.operator.send(
      new GetObjectCommand({ Bucket: bucket, Key: `${prefix}${script}/result.json` }),
    );
    return JSON.parse((await Body?.transformToString()) ?? '');
  } catch (error) {
    if (error instanceof S3ServiceException && error.name === 'NoSuchKey') return undefined;
    throw error;
  }
}

/** The variables of an apply of what `plan.sh` has just made. */
function approved(result: unknown): Record<string, string> {
  const { bundle, digest } = PlannedSchema.parse(result);
  return {
    STAGEGATE_BUNDLE_KEY: bundle.key,
    STAGEGATE_BUNDLE_VERSION_ID: bundle.versionId,
    STAGEGATE_PLAN_DIGEST: digest,
  };
}

const failureOfPlan = ({ result }: { result: unknown }) => PlanFailureSchema.parse(result);
const failureOfApply = ({ result }: { result: unknown }) => ApplyFailureSchema.parse(result);

describe('plan.sh', () => {
  it('runs init, validate, plan and show, in this order and without questions', async () => {
    addEngine();
    const { exitCode, result } = await run('plan');
    expect([exitCode, PlannedSchema.parse(result).engine]).toEqual([0, { name: 'terraform', version: '1.99.0' }]);
    expect(calls().map((call) => call.split(' ')[0])).toEqual(['init', 'validate', 'plan', 'show']);
    expect(calls()[0]).toContain('-backend-config=bucket=our-bucket');
    expect(calls()[2]).toMatch(/-input=false .*-detailed-exitcode .*-out=\S+plan\.tfplan/);
  });

  it.each([
    [
      'another key than the fixed one',
      '',
      'after init the state is at the key k, not at apps/shop/dev1/terraform.tfstate',
    ],
    ['another workspace', 'printf other >.terraform/environment', 'after init the workspace is "other", not "default"'],
  ])('fails when init ends with %s', async (_, more, message) => {
    addEngine({ init: `${INIT}\n${more}` });
    const rule = more === '' ? 'fixed' : 'default';
    expect(failureOfPlan(await run('plan', { STAGEGATE_STATE_KEY_RULE: rule }))).toMatchObject({
      phase: 'backend',
      message,
    });
    expect(calls()).toHaveLength(1);
  });

  it('plans a destruction with -destroy', async () => {
    addEngine();
    await run('plan', { STAGEGATE_OPERATION: 'destroy' });
    expect(calls()[2]).toMatch(/-destroy$/);
  });

  it('gives the engine the role of the environment, and nothing of whoever runs it', async () => {
    addEngine({
      plan: `cp "$AWS_CONFIG_FILE" "$HOME/config"; env >"$HOME/env"; ${savePlan}; exit 2`,
    });
    await run('plan', {
      AWS_PROFILE: 'admin',
      TF_VAR_region: 'x',
      TF_CLI_ARGS_plan: '-target=x',
      TF_WORKSPACE: 'other',
      TF_LOG: 'trace',
    });
    expect(readFileSync(join(directory, 'config'), 'utf8')).toBe(
      '[profile stagegate]\nrole_arn = arn:aws:iam::222222222222:role/x\nexternal_id = the-external-id\nrole_session_name = shop-dev1-1-abcdef\ncredential_source = EcsContainer\nregion = eu-west-1\n',
    );
    const environment = readFileSync(join(directory, 'env'), 'utf8').split('\n');
    expect(environment).toEqual(
      expect.arrayContaining(['AWS_PROFILE=stagegate', 'AWS_REGION=eu-west-1', 'TF_IN_AUTOMATION=1']),
    );
    expect(environment.filter((line) => /^TF_(?:CLI_ARGS|VAR|WORKSPACE|LOG)/.test(line))).toEqual([]);
  });

  it.each([
    [
      'init',
      'init',
      'wrong arguments told in plain text',
      'echo "│ Error: Failed to parse command-line flags" >&2; exit 1',
      'Failed to parse command-line flags',
    ],
    ['plan', 'plan', 'nothing at all', 'exit 1', 'terraform plan ended with exit code 1'],
    ['plan', 'plan', 'a crash', 'kill -SEGV $$', 'terraform plan ended with exit code 139'],
    ['show', 'show', 'a refusal to show the plan', 'exit 1', 'the build ended in phase "show" with exit code 1'],
    ['validate', 'validate', 'no JSON', 'echo oops; exit 1', 'terraform validate ended with exit code 1'],
  ])('reports a failed %s: %s says %s', async (phase, step, _, script, message) => {
    addEngine({ [step]: script });
    const { exitCode, result } = await run('plan');
    expect([exitCode, failureOfPlan({ result })]).toEqual([1, { ok: false, phase, message, diagnostics: [] }]);
  });

  it.each([
    ['none', 'rm -rf .terraform', 'no backend is configured'],
    [
      'a local one',
      'echo \'{"backend":{"type":"local","config":{}}}\' >.terraform/terraform.tfstate',
      'the backend is "local", not "s3"',
    ],
    [
      'one without a key',
      'echo \'{"backend":{"type":"s3","config":{"bucket":"b"}}}\' >.terraform/terraform.tfstate',
      'no bucket or no key',
    ],
  ])('refuses to plan when init ends with %s as backend', async (_, script, message) => {
    addEngine({ init: `mkdir -p .terraform; ${script}; echo '{"type":"version","terraform":"1.99.0"}'` });
    const { result } = await run('plan');
    expect(failureOfPlan({ result })).toMatchObject({ phase: 'backend', reason: 'backend' });
    expect(failureOfPlan({ result }).message).toContain(message);
    expect(calls()).toHaveLength(1);
  });

  it('prints addresses and actions, never values', async () => {
    const events = [
      '{"type":"planned_change","change":{"resource":{"addr":"aws_db_instance.main"},"action":"replace"}}',
      '{"type":"outputs","outputs":{"password":{"value":"hunter2"}}}',
      '{"type":"resource_drift","change":{"resource":{"addr":"aws_x.y"},"action":"update","before":"hunter2"}}',
      '{"type":"something_new","value":"hunter2"}',
    ];
    addEngine({
      plan: `echo 'hunter2 in plain text'\necho 'and hunter2' >&2\n${events.map((event) => `echo '${event}'`).join('\n')}\nexit 1`,
    });
    const { output, result } = await run('plan');
    expect(output).toContain('aws_db_instance.main: plan to replace');
    expect(`${output}${JSON.stringify(result)}`).not.toContain('hunter2');
  });

  it('uses OpenTofu where that is what is installed', async () => {
    addEngine(
      {
        init: 'mkdir -p .terraform\necho \'{"backend":{"type":"s3","config":{"bucket":"b","key":"k"}}}\' >.terraform/terraform.tfstate\necho \'{"type":"version","tofu":"1.10.6"}\'',
      },
      'tofu',
    );
    const { result } = await run('plan', { STAGEGATE_ENGINE: 'tofu' });
    expect(PlannedSchema.parse(result).engine).toEqual({ name: 'tofu', version: '1.10.6' });
  });

  it('asks an engine for its version that does not tell it by itself', async () => {
    const init =
      'mkdir -p .terraform\necho \'{"backend":{"type":"s3","config":{"bucket":"b","key":"k"}}}\' >.terraform/terraform.tfstate';
    addEngine({ init, version: 'echo \'{"terraform_version":"1.10.6"}\'' }, 'tofu');
    const { result } = await run('plan', { STAGEGATE_ENGINE: 'tofu' });
    expect(PlannedSchema.parse(result).engine).toEqual({ name: 'tofu', version: '1.10.6' });
  });

  it('keeps the first twenty diagnostics, errors before warnings', async () => {
    const diagnostics = Array.from({ length: 60 }, (_, index) => ({
      severity: index < 30 ? 'warning' : 'error',
      summary: `number ${index}`,
      detail: '',
    }));
    addEngine({ validate: `echo '${JSON.stringify({ diagnostics })}'; exit 1` });
    const failure = failureOfPlan(await run('plan'));
    expect([failure.message, failure.diagnostics.length]).toEqual(['number 30', 20]);
    expect(failure.diagnostics.every(({ severity }) => severity === 'error')).toBe(true);
  });

  it('fails when the names of application or environment would lead elsewhere', async () => {
    addEngine();
    const { exitCode, output } = await run('plan', { STAGEGATE_ENVIRONMENT: '../dev1' });
    expect([
      exitCode,
      output.includes('must be plain names, not "../dev1"'),
      existsSync(join(directory, 'calls')),
    ]).toEqual([1, true, false]);
  });

  it('fails when the bucket keeps no versions: what is approved must stay what it was', async () => {
    await opened.createBucket('without-versions');
    addEngine();
    const { exitCode, output } = await run('plan', { STAGEGATE_ARTIFACT_BUCKET: 'without-versions' });
    expect([exitCode, output.includes('the bucket "without-versions" keeps no versions')]).toEqual([1, true]);
  });
});

describe('installing the engine', () => {
  const zip = 'the zip';
  const digest = createHash('sha256').update(zip).digest('hex');
  const releases = JSON.stringify([
    { name: 'terraform', version: '1.11.4', sha256: digest },
    { name: 'terraform', version: '1.12.0', sha256: digest },
    { name: 'tofu', version: '1.10.6', sha256: 'f'.repeat(64) },
  ]);
  beforeEach(() => {
    addCommand(
      'curl',
      `echo "$*" >>"${directory}/downloads"\nwhile [ "$1" != --output ]; do shift; done\nprintf %s '${zip}' >"$2"`,
    );
    addEngine({}, 'packed-terraform');
    addCommand('unzip', `mkdir -p "\${@: -1}"; cp "${directory}/bin/packed-terraform" "\${@: -1}/terraform"`);
  });
  const downloads = () => readFileSync(join(directory, 'downloads'), 'utf8');

  it('takes the first release of the engine when none is named', async () => {
    const { exitCode } = await run('plan', { STAGEGATE_ENGINES: releases });
    expect([exitCode, downloads().includes('/terraform/1.11.4/terraform_1.11.4_linux_arm64.zip')]).toEqual([0, true]);
  });

  it('takes the version that the application names', async () => {
    await run('plan', { STAGEGATE_ENGINES: releases, STAGEGATE_ENGINE_VERSION: '1.12.0' });
    expect(downloads()).toContain('/terraform/1.12.0/terraform_1.12.0_linux_arm64.zip');
  });

  it('fails for a version that the configuration does not list', async () => {
    const { result } = await run('plan', { STAGEGATE_ENGINES: releases, STAGEGATE_ENGINE_VERSION: '0.12.0' });
    expect(failureOfPlan({ result })).toMatchObject({
      phase: 'init',
      message: 'terraform 0.12.0 is not among the engines that builds may install',
    });
    expect(existsSync(join(directory, 'downloads'))).toBe(false);
  });

  it('fails when the download is not what the configuration says', async () => {
    const { result } = await run('plan', { STAGEGATE_ENGINES: releases, STAGEGATE_ENGINE: 'tofu' });
    expect(failureOfPlan({ result }).message).toBe(
      `the download of tofu 1.10.6 does not have the digest ${'f'.repeat(64)}`,
    );
    expect(existsSync(join(directory, 'calls'))).toBe(false);
  });

  it('fails when nothing can be downloaded, saying from where', async () => {
    addCommand('curl', 'exit 22');
    const { result } = await run('plan', { STAGEGATE_ENGINES: releases });
    expect(failureOfPlan({ result }).message).toBe(
      'downloading terraform 1.11.4 from https://releases.hashicorp.com/terraform/1.11.4/terraform_1.11.4_linux_arm64.zip',
    );
  });
});

describe('apply.sh', () => {
  async function planned(): Promise<Record<string, string>> {
    addEngine();
    return approved((await run('plan')).result);
  }

  it('initialises with the lock file as it is and the backend of the plan, then applies the saved plan', async () => {
    const variables = await planned();
    rmSync(join(directory, 'calls'));
    const { exitCode, result } = await run('apply', variables);
    expect([exitCode, result]).toEqual([0, { ok: true, applied: 'yes', resources: 1, resourcesLeft: 0 }]);
    expect(calls().map((call) => call.split(' ')[0])).toEqual(['init', 'apply', 'output', 'show']);
    expect(calls()[0]).toMatch(/-lockfile=readonly .*-backend-config=bucket=our-bucket/);
    expect(calls()[1]).toMatch(/plan\.tfplan$/);
  });

  it('refuses another version of the engine than the one that planned', async () => {
    const variables = await planned();
    addEngine({ init: 'echo \'{"type":"version","terraform":"2.0.0"}\'' });
    expect(failureOfApply(await run('apply', variables))).toMatchObject({
      phase: 'init',
      reason: 'engine-mismatch',
      applied: 'no',
      message: 'the plan was made by terraform 1.99.0, this is terraform 2.0.0',
    });
  });

  it('says that everything was applied when only the outputs could not be read', async () => {
    const variables = await planned();
    addEngine({ output: 'exit 1' });
    expect(failureOfApply(await run('apply', variables))).toMatchObject({
      phase: 'outputs',
      reason: 'outputs-failed',
      applied: 'yes',
    });
  });

  it('does not know what was applied when the engine dies in the middle of its first change', async () => {
    const variables = await planned();
    addEngine({
      apply: 'echo \'{"type":"apply_start","hook":{"resource":{"addr":"aws_x.y"},"action":"create"}}\'; kill -KILL $$',
    });
    expect(failureOfApply(await run('apply', variables))).toMatchObject({
      phase: 'apply',
      reason: 'apply-failed',
      applied: 'unknown',
    });
  });

  it('counts reading data as no change', async () => {
    const variables = await planned();
    const hook = '{"resource":{"addr":"data.aws_x.y"},"action":"read"}';
    addEngine({
      apply: `echo '{"type":"apply_start","hook":${hook}}'; echo '{"type":"apply_complete","hook":${hook}}'; exit 1`,
    });
    expect(failureOfApply(await run('apply', variables))).toMatchObject({ applied: 'no' });
  });
});

it('the buildspecs only say when the scripts run', () => {
  for (const name of ['plan', 'apply']) {
    const text = readFileSync(join(asset, `${name}.yml`), 'utf8');
    expect(text.split('\n').filter((line) => line.trim().startsWith('- '))).toEqual([
      `      - bash "$CODEBUILD_SRC_DIR_scripts/scripts/${name}.sh"`,
    ]);
  }
});
