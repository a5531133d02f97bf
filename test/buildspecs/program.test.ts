import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { CredentialsError } from '../../buildspecs/program/credentials/broker.ts';
import { PlanSuccessSchema } from '../../lambdas/domain/contract/build-result.ts';
import { appliedOf, applyFailureOf, planFailureOf } from './build-runs.ts';
import { S3_BACKEND } from './plan-files.ts';
import { AGENT, BUILD_ID, event, ProgramRun, resolveBackend, savePlan, TICKET } from './program-runs.ts';

const runs: ProgramRun[] = [];
function begin(...given: ConstructorParameters<typeof ProgramRun>): ProgramRun {
  const run = new ProgramRun(...given);
  runs.push(run);
  return run;
}
afterEach(() => {
  for (const run of runs.splice(0)) run.remove();
});
const withSteps = (steps: ProgramRun['steps']) => begin(undefined, steps);
function withoutCredentials(error: Error): ProgramRun {
  const run = begin();
  run.redeem = () => Promise.reject(error);
  return run;
}

const version = event({ type: 'version', terraform: '1.99.0' });
const initWith = (backend: object, more?: (directory: string) => void): ProgramRun['steps'] => ({
  init({ directory }) {
    resolveBackend(directory, backend);
    more?.(directory);
    return { lines: [version] };
  },
});
const diagnostic = (severity: string, summary: string, more = {}) =>
  event({ type: 'diagnostic', diagnostic: { severity, summary, ...more } });

describe('a plan', () => {
  it('runs init, plan and show, in this order, once each and without questions', async () => {
    const run = begin();
    const { isSuccessful, result } = await run.plan();
    expect([isSuccessful, PlanSuccessSchema.parse(result).engine]).toEqual([
      true,
      { name: 'terraform', version: '1.99.0' },
    ]);
    expect(run.commands).toEqual(['init', 'plan', 'show']);
    const [init = '', plan = ''] = run.calls.map((call) => call.arguments.join(' '));
    expect(init).toContain('-backend-config=bucket=our-bucket');
    expect(plan).toMatch(/-input=false .*-detailed-exitcode .*-out=\S+plan\.tfplan/);
  });

  it('says how long it took, and what of it the engine', async () => {
    const { result } = await begin().plan();
    expect(Object.keys(PlanSuccessSchema.parse(result).seconds?.engine ?? {})).toEqual(['init', 'plan', 'show']);
  });

  it.each([
    [
      'another key than the fixed one',
      'fixed',
      initWith({ type: 's3', config: { bucket: 'b', key: 'k' } }),
      'after init the state is at the key k, not at apps/shop/dev1/terraform.tfstate',
    ],
    [
      'another workspace',
      'default',
      initWith({ type: 's3', config: { bucket: 'b', key: 'k' } }, (directory) =>
        writeFileSync(join(directory, '.terraform', 'environment'), 'other'),
      ),
      'after init the workspace is "other", not "default"',
    ],
    [
      'no backend',
      'default',
      { init: () => ({ lines: [version] }) },
      'after init no backend is configured; the state would be lost with the build',
    ],
    [
      'a local backend',
      'default',
      initWith({ type: 'local', config: {} }),
      'after init the backend is "local", not "s3"',
    ],
    [
      'a backend without a key',
      'default',
      initWith({ type: 's3', config: { bucket: 'b' } }),
      'after init the s3 backend has no bucket or no key',
    ],
  ])('is refused when init ends with %s', async (_, rule, steps, message) => {
    const run = withSteps(steps);
    const { result } = await run.plan({ STAGEGATE_STATE_KEY_RULE: rule });
    expect(planFailureOf(result)).toEqual({ ok: false, phase: 'backend', reason: 'backend', message, diagnostics: [] });
    expect(run.commands).toEqual(['init']);
  });

  it('of a destruction is made with -destroy', async () => {
    const run = begin();
    await run.plan({ STAGEGATE_OPERATION: 'destroy' });
    expect(run.calls[1]?.arguments).toContain('-destroy');
  });

  it('gives the engine the agent of its credentials, and nothing of whoever runs it', async () => {
    const run = begin();
    const own = {
      AWS_PROFILE: 'admin',
      AWS_DEFAULT_PROFILE: 'admin',
      AWS_ROLE_ARN: 'x',
      AWS_WEB_IDENTITY_TOKEN_FILE: '/x',
      AWS_ACCESS_KEY_ID: 'AKIA',
      AWS_SECRET_ACCESS_KEY: 'x',
      AWS_SESSION_TOKEN: 'x',
      AWS_SECURITY_TOKEN: 'x',
      AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: '/of-the-build',
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: '/x',
      TF_VAR_region: 'x',
      TF_CLI_ARGS_plan: '-target=x',
      TF_WORKSPACE: 'other',
      TF_LOG: 'trace',
      TF_DATA_DIR: 'elsewhere',
      TF_ENCRYPTION: 'plan {}',
      TF_REATTACH_PROVIDERS: '{}',
      TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE: '1',
    };
    await run.plan({
      ...own,
      AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://127.0.0.1:2/of-the-build',
      HOME: '/home/me',
      AWS_CONTAINER_AUTHORIZATION_TOKEN: 'of-the-build',
      AWS_SHARED_CREDENTIALS_FILE: '/home/me/.aws/credentials',
    });
    expect(run.commands).toEqual(['init', 'plan', 'show']);
    for (const { environment } of run.calls) {
      expect(environment).toMatchObject({
        ...AGENT,
        AWS_CONFIG_FILE: '/dev/null',
        AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
        HOME: '/home/me',
        AWS_REGION: 'eu-west-1',
        TF_IN_AUTOMATION: '1',
      });
      const handedOn = Object.keys(environment).filter((name) => name === 'STAGEGATE_TICKET' || name in own);
      expect(handedOn).toEqual([]);
    }
  });

  it('shows its ticket once, signed for the region of the control plane', async () => {
    const run = begin();
    await run.plan();
    expect(run.redeemed).toEqual([
      {
        apiUrl: 'https://api.example.com',
        region: 'eu-central-1',
        keepSecret: expect.any(Function),
        request: { ticket: TICKET, buildId: BUILD_ID },
        stop: expect.objectContaining({ aborted: expect.any(Boolean) }),
      },
    ]);
  });

  it.each<[CredentialsError['reason'], string]>([
    ['credentials-refused', 'the credentials broker refused this build: there is no such ticket'],
    ['credentials-unavailable', 'the credentials broker answered with HTTP 503'],
  ])('does not run the engine without credentials, and says why: %s', async (reason, message) => {
    const run = withoutCredentials(new CredentialsError(reason, message));
    expect(planFailureOf((await run.plan()).result)).toEqual({
      ok: false,
      phase: 'init',
      reason,
      message,
      diagnostics: [],
    });
    expect(run.commands).toEqual([]);
  });

  it('tells what broke at the broker by its name only', async () => {
    const run = withoutCredentials(new TypeError(`no ${TICKET}`));
    const { result, log } = await run.plan();
    expect(planFailureOf(result).message).toBe('the build broke in phase "init" (TypeError)');
    expect(log).not.toContain(TICKET);
  });

  it.each([
    ['a checkout', { CODEBUILD_SRC_DIR: '' }, 'checkout'],
    ['an engine', { STAGEGATE_ENGINE_VERSION: '0.12.0' }, 'init'],
  ])('tells of missing credentials only where there is %s', async (_, variables, phase) => {
    const run = withoutCredentials(new CredentialsError('credentials-refused', 'refused'));
    const failure = planFailureOf((await run.plan(variables)).result);
    expect([failure.phase, failure.message]).toEqual([phase, expect.not.stringContaining('refused')]);
  });

  it.each([
    ['CODEBUILD_BUILD_ID', 'CODEBUILD_BUILD_ID: the id of a CodeBuild build'],
    ['AWS_REGION', 'AWS_REGION: '],
  ])('needs %s, which CodeBuild gives, to show its ticket', async (name, message) => {
    const run = begin();
    const failure = planFailureOf((await run.plan({ [name]: '' })).result);
    expect([failure.phase, failure.message]).toEqual(['init', expect.stringContaining(message)]);
    expect(run.redeemed).toEqual([]);
  });

  it('keeps ticket and credentials out of what is told', async () => {
    const run = withSteps({
      plan: () => ({ exitCode: 1, lines: [diagnostic('error', `found ${TICKET} and wJalrXUtnFEMI in /proc`)] }),
    });
    run.redeem = async ({ keepSecret }) => {
      keepSecret('wJalrXUtnFEMI');
      return AGENT;
    };
    const { result, log } = await run.plan();
    expect(planFailureOf(result).message).toBe('found (sensitive) and (sensitive) in /proc');
    expect(`${log}${JSON.stringify(result)}`).not.toMatch(/wJalr|5555/);
  });

  it.each<[string, string, string, ReturnType<ProgramRun['steps'][string]>, string]>([
    [
      'init',
      'init',
      'wrong arguments told in plain text',
      { exitCode: 1, errorOutput: '│ Error: Failed to parse command-line flags' },
      'Failed to parse command-line flags',
    ],
    ['plan', 'plan', 'nothing at all', { exitCode: 1 }, 'terraform plan ended with exit code 1'],
    ['plan', 'plan', 'a crash', { exitCode: 139 }, 'terraform plan ended with exit code 139: it was ended by SIGSEGV'],
    ['show', 'show', 'a refusal to show the plan', { exitCode: 1 }, 'terraform show ended with exit code 1'],
  ])('reports a failed %s: %s says %s', async (phase, step, _, outcome, message) => {
    const { isSuccessful, result } = await withSteps({ [step]: () => outcome }).plan();
    expect([isSuccessful, planFailureOf(result)]).toEqual([false, { ok: false, phase, message, diagnostics: [] }]);
  });

  it('prints addresses and actions, never values', async () => {
    const events = [
      'hunter2 in plain text',
      '{"type":"planned_change","change":{"resource":{"addr":"aws_db_instance.main"},"action":"replace"}}',
      '{"type":"outputs","outputs":{"password":{"value":"hunter2"}}}',
      '{"type":"resource_drift","change":{"resource":{"addr":"aws_x.y"},"action":"update","before":"hunter2"}}',
      '{"type":"something_new","value":"hunter2"}',
    ];
    const errorOutput = 'and hunter2, and more\n';
    const lines = [...events, diagnostic('error', 'Wrong')];
    const run = withSteps({ plan: () => ({ exitCode: 1, lines, errorOutput }) });
    const { log, result } = await run.plan();
    expect(log).toContain('aws_db_instance.main: plan to replace');
    expect(`${log}${JSON.stringify(result)}`).not.toContain('hunter2');
  });

  it('keeps the first twenty diagnostics, errors before warnings', async () => {
    const lines = Array.from({ length: 60 }, (_, index) =>
      diagnostic(index < 30 ? 'warning' : 'error', `number ${index}`),
    );
    const failure = planFailureOf((await withSteps({ plan: () => ({ exitCode: 1, lines }) }).plan()).result);
    expect([failure.message, failure.diagnostics?.length]).toEqual(['number 30', 20]);
    expect(failure.diagnostics?.every(({ severity }) => severity === 'error')).toBe(true);
  });

  it('shows warnings of a plan that succeeds', async () => {
    const run = withSteps({
      plan: savePlan('saved', { exitCode: 0, lines: [diagnostic('warning', 'Argument is deprecated')] }),
    });
    const { result, log } = await run.plan();
    expect([PlanSuccessSchema.parse(result).exitCode, log.includes('Warning: Argument is deprecated\n')]).toEqual([
      0,
      true,
    ]);
  });

  it('fails when the names of application or environment would lead elsewhere', async () => {
    const run = begin();
    const { isSuccessful, result } = await run.plan({ STAGEGATE_ENVIRONMENT: '../dev1' });
    expect([isSuccessful, planFailureOf(result).phase, run.commands]).toEqual([false, 'checkout', []]);
    expect(planFailureOf(result).message).toContain('STAGEGATE_ENVIRONMENT: letters, digits, "-" and "_"');
  });

  it('whose result cannot be written tells why in its log', async () => {
    const run = begin();
    run.artifacts.broken.set('bundle', 'AccessDenied').set('planResult', 'AccessDenied');
    const { isSuccessful, result, log } = await run.plan();
    expect([isSuccessful, result]).toEqual([false, undefined]);
    expect(log).toContain('Error: uploading the plan: AccessDenied\n');
    expect(log).toContain('Error: the failure could not be reported: ');
  });

  /** Code in an earlier plan knows the prefix of a round except for its number, so it can put objects there first. */
  it('that finds another tree in the place of its own ends before anything of the repository runs', async () => {
    const run = begin();
    await run.artifacts.put('tree', 'another tree');
    const { isSuccessful, result } = await run.plan();
    expect([isSuccessful, run.commands]).toEqual([false, ['init']]);
    expect(planFailureOf(result)).toMatchObject({
      phase: 'upload',
      reason: 'artifact-store',
      message: 'uploading what is planned: something else was put in its place before',
    });
    await expect(run.artifacts.put('tree', 'another tree')).resolves.toBeDefined();
  });

  it.each(['bundle', 'planJson', 'modules'] as const)(
    'that finds another %s in the place of its own fails',
    async (object) => {
      const run = begin();
      await run.artifacts.put(object, '{"forged":true}');
      const { isSuccessful, result } = await run.plan();
      expect(isSuccessful).toBe(false);
      expect(planFailureOf(result).message).toBe('uploading the plan: something else was put in its place before');
    },
  );

  it('that finds another result in the place of its own fails, and says so in its log', async () => {
    const run = begin();
    const forged = { ok: false, phase: 'plan', message: 'forged' };
    await run.artifacts.put('planResult', JSON.stringify(forged));
    const { isSuccessful, result, log } = await run.plan();
    expect({ isSuccessful, result }).toEqual({ isSuccessful: false, result: forged });
    expect(log).toContain('Error: another result is there already; this one is not kept\n');
  });

  it('that breaks by a mistake of ours says where, and nothing of what it had in hand', async () => {
    const run = withSteps({
      show() {
        throw new TypeError('hunter2 is not iterable');
      },
    });
    const { result, log } = await run.plan();
    expect(planFailureOf(result)).toMatchObject({
      phase: 'show',
      message: 'the build broke in phase "show" (TypeError)',
    });
    expect(`${log}${JSON.stringify(result)}`).not.toContain('hunter2');
  });
});

describe('a lock that somebody else holds', () => {
  const locked = diagnostic('error', 'Error acquiring the state lock');
  const held: ProgramRun['steps'] = { plan: () => ({ exitCode: 1, lines: [locked] }) };
  const timeouts = (run: ProgramRun) =>
    run.calls.flatMap((call) => call.arguments.filter((text) => text.startsWith('-lock-timeout=')).slice(0, 1));

  it('is waited for, once the configuration is known to be valid', async () => {
    const run = withSteps(held);
    const { result, log } = await run.plan();
    expect(planFailureOf(result)).toMatchObject({ phase: 'plan', message: 'Error acquiring the state lock' });
    expect(run.commands).toEqual(['init', 'plan', 'validate', 'plan']);
    expect(timeouts(run)).toEqual(['-lock-timeout=5m', '-lock-timeout=0s', '-lock-timeout=5m']);
    expect(log).toContain('somebody else has locked the state; waiting for at most 5m\n');
  });

  it('does not keep a mistake from being told as one, at once', async () => {
    const mistake = { severity: 'error', summary: 'Reference to undeclared resource', detail: 'There is none.' };
    const range = { filename: 'main.tf', start: { line: 5 } };
    const run = withSteps({
      ...held,
      validate: () => ({ exitCode: 1, lines: [event({ diagnostics: [{ ...mistake, range }] })] }),
    });
    const { result } = await run.plan();
    expect(planFailureOf(result)).toMatchObject({
      phase: 'plan',
      message: 'Reference to undeclared resource (apps/shop/dev1/main.tf:5): There is none.',
    });
    expect(run.commands).toEqual(['init', 'plan', 'validate']);
  });

  it('is waited for although validation says something that is no finding', async () => {
    const run = withSteps({ ...held, validate: () => ({ lines: ['oops'] }) });
    await run.plan();
    expect(run.commands).toEqual(['init', 'plan', 'validate', 'plan']);
  });
});

describe('the engine', () => {
  it('is OpenTofu where the application says so', async () => {
    const run = withSteps({
      init({ directory }) {
        resolveBackend(directory);
        return { lines: [event({ type: 'version', tofu: '1.10.6' })] };
      },
    });
    const { result } = await run.plan({ STAGEGATE_ENGINE: 'tofu' });
    expect(PlanSuccessSchema.parse(result).engine).toEqual({ name: 'tofu', version: '1.10.6' });
  });

  it('need not tell its version: it is the one that was chosen', async () => {
    const run = withSteps({
      init({ directory }) {
        resolveBackend(directory);
        return {};
      },
    });
    const { result } = await run.plan();
    expect(PlanSuccessSchema.parse(result).engine).toEqual({ name: 'terraform', version: '1.99.0' });
  });

  it('is refused when it tells that it is another than the one that was asked for', async () => {
    const run = withSteps({ init: () => ({ lines: [event({ type: 'version', terraform: '2.0.0' })] }) });
    expect(planFailureOf((await run.plan()).result)).toMatchObject({
      phase: 'init',
      reason: 'engine-mismatch',
      message: 'terraform 1.99.0 was asked for, this is terraform 2.0.0',
    });
  });

  const releases = [
    { name: 'terraform', version: '1.11.4', path: '/opt/1.11.4/terraform' },
    { name: 'terraform', version: '1.12.0', path: '/opt/1.12.0/terraform' },
  ];
  it.each([
    ['the first of its name where no version is named', '', '1.11.4'],
    ['the version that the application names', '1.12.0', '1.12.0'],
  ])('is %s', async (_, wanted, taken) => {
    const run = withSteps({
      init({ directory }) {
        resolveBackend(directory);
        return {};
      },
    });
    const { result } = await run.plan({
      STAGEGATE_ENGINES: JSON.stringify(releases),
      STAGEGATE_ENGINE_VERSION: wanted,
    });
    expect(PlanSuccessSchema.parse(result).engine.version).toBe(taken);
  });

  it.each([
    ['another version', { STAGEGATE_ENGINE_VERSION: '0.12.0' }, 'terraform 0.12.0', 'terraform 1.99.0, tofu 1.10.6'],
    [
      'another engine',
      { STAGEGATE_ENGINE: 'tofu', STAGEGATE_ENGINES: JSON.stringify(releases) },
      'tofu (any version)',
      'terraform 1.11.4, terraform 1.12.0',
    ],
    ['any where there is none', { STAGEGATE_ENGINES: '[]' }, 'terraform (any version)', 'there are none'],
  ])('is never %s than builds may run', async (_, variables, wanted, listed) => {
    const run = begin();
    expect(planFailureOf((await run.plan(variables)).result)).toMatchObject({
      phase: 'init',
      reason: 'engine-unavailable',
      message: `${wanted} is not among the engines that builds may run: ${listed}`,
    });
    expect(run.commands).toEqual([]);
  });
});

describe('an apply', () => {
  async function planned(steps: ProgramRun['steps'] = {}): Promise<ProgramRun> {
    const run = begin();
    await run.plan();
    run.calls.length = 0;
    Object.assign(run.steps, steps);
    return run;
  }

  it('initialises with the lock file as it is and the backend of the plan, applies the saved plan, reads the state', async () => {
    const run = await planned();
    const { isSuccessful, result } = await run.apply();
    expect([isSuccessful, appliedOf(result)]).toEqual([
      true,
      { ok: true, applied: 'yes', resources: 1, resourcesLeft: 0 },
    ]);
    expect(run.commands).toEqual(['init', 'apply', 'state']);
    const [init = '', apply = '', state = ''] = run.calls.map((call) => call.arguments.join(' '));
    expect(init).toMatch(/-lockfile=readonly .*-backend-config=bucket=our-bucket/);
    expect(apply).toMatch(/plan\.tfplan$/);
    expect(state).toBe('state pull');
  });

  it('writes down that it has started before the engine runs', async () => {
    let started: unknown;
    const run = await planned();
    const { init } = run.steps;
    run.steps.init = (step) => {
      started = run.artifacts.json('applyStarted');
      return init?.(step) ?? {};
    };
    await run.apply();
    expect(started).toMatchObject({ startedAt: expect.any(String) });
  });

  it('happens once, and the result of the first stays', async () => {
    const run = await planned();
    await run.apply();
    const { isSuccessful, result, log } = await run.apply();
    expect([isSuccessful, appliedOf(result).ok]).toEqual([false, true]);
    expect(log).toContain('Error: an apply of this plan has been started before');
    // One for the plan, and one for the apply that did happen.
    expect(run.redeemed.length).toBe(2);
  });

  it('that another build has started leaves the result to that one, which still applies', async () => {
    const first = await planned();
    const second = begin();
    Object.assign(second, { artifacts: first.artifacts });
    const { apply } = first.steps;
    let late: Awaited<ReturnType<ProgramRun['apply']>> | undefined;
    first.steps.apply = async (step) => {
      late = await second.apply();
      return (await apply?.(step)) ?? {};
    };
    const { isSuccessful, result } = await first.apply();
    expect([late?.isSuccessful, late?.result, second.commands]).toEqual([false, undefined, []]);
    expect(late?.log).toContain('Error: an apply of this plan has been started before');
    expect([isSuccessful, appliedOf(result).ok]).toEqual([true, true]);
  });

  it('has applied nothing where there are no credentials', async () => {
    const run = await planned();
    run.redeem = () => Promise.reject(new CredentialsError('credentials-refused', 'the credentials broker refused'));
    expect(applyFailureOf((await run.apply()).result)).toMatchObject({
      phase: 'init',
      reason: 'credentials-refused',
      applied: 'no',
      message: 'the credentials broker refused',
    });
    expect(run.commands).toEqual([]);
  });

  it('is made by the engine of the plan, although another version is the default by now', async () => {
    const run = await planned();
    const engines = [
      { name: 'terraform', version: '2.0.0', path: '/opt/2.0.0/terraform' },
      { name: 'terraform', version: '1.99.0', path: '/opt/1.99.0/terraform' },
    ];
    expect(appliedOf((await run.apply({ STAGEGATE_ENGINES: JSON.stringify(engines) })).result).applied).toBe('yes');
  });

  it('is refused where the engine of the plan may not run any more', async () => {
    const run = await planned();
    const engines = [{ name: 'terraform', version: '2.0.0', path: '/opt/2.0.0/terraform' }];
    expect(applyFailureOf((await run.apply({ STAGEGATE_ENGINES: JSON.stringify(engines) })).result)).toMatchObject({
      phase: 'init',
      reason: 'engine-unavailable',
      applied: 'no',
      message: 'terraform 1.99.0 is not among the engines that builds may run: terraform 2.0.0',
    });
  });

  it('is refused by an engine that tells another version than the one that planned', async () => {
    const run = await planned({ init: () => ({ lines: [event({ type: 'version', terraform: '2.0.0' })] }) });
    expect(applyFailureOf((await run.apply()).result)).toMatchObject({
      phase: 'init',
      reason: 'engine-mismatch',
      applied: 'no',
    });
  });

  it('is refused where the plan is for another backend than init has configured, in whatever setting', async () => {
    const run = await planned({
      init: ({ directory }) => {
        resolveBackend(directory, {
          type: 's3',
          config: { ...S3_BACKEND.config, endpoints: { s3: 'https://evil.example' } },
        });
        return {};
      },
    });
    expect(applyFailureOf((await run.apply()).result)).toMatchObject({
      phase: 'backend',
      reason: 'plan-not-ours',
      applied: 'no',
      message: expect.stringContaining('"endpoints"'),
    });
    expect(run.commands).toEqual(['init']);
  });

  it('is refused where the plan is none, and not where OpenTofu has encrypted it', async () => {
    const garbage = begin(undefined, { plan: savePlan('garbage') });
    await garbage.plan();
    expect(applyFailureOf((await garbage.apply()).result)).toMatchObject({ reason: 'plan-unreadable', applied: 'no' });
    const encrypted = begin(undefined, {
      plan: savePlan('{"meta":{},"encrypted_data":"AAAA","encryption_version":"v0"}'),
    });
    await encrypted.plan();
    expect(appliedOf((await encrypted.apply()).result).applied).toBe('yes');
  });

  it('has applied nothing when init ends with another backend', async () => {
    const run = await planned(initWith({ type: 'local', config: {} }));
    expect(applyFailureOf((await run.apply()).result)).toMatchObject({ phase: 'backend', applied: 'no' });
  });

  it.each<[string, ReturnType<ProgramRun['steps'][string]>]>([
    ['cannot be pulled', { exitCode: 1 }],
    ['is no JSON', { lines: ['oops'] }],
    ['has outputs that cannot be read', { lines: ['{"outputs":"encrypted","resources":[]}'] }],
  ])('says that everything was applied when only the state %s', async (_, state) => {
    const run = await planned({ state: () => state });
    expect(applyFailureOf((await run.apply()).result)).toMatchObject({
      phase: 'outputs',
      reason: 'outputs-failed',
      applied: 'yes',
    });
  });

  it('keeps the outputs where the resources of the state cannot be counted', async () => {
    const outputs = {
      host: { value: 'example.com', type: 'string' },
      password: { value: 's3cr3t', type: 'string', sensitive: true },
    };
    const run = await planned({ state: () => ({ lines: [event({ outputs, resources: 'encrypted' })] }) });
    const { result, log } = await run.apply();
    expect(appliedOf(result)).toEqual({ ok: true, applied: 'yes', resources: 1 });
    expect(run.artifacts.json('outputs')).toEqual({
      host: { value: 'example.com', type: 'string', sensitive: false },
      password: { value: 's3cr3t', type: 'string', sensitive: true },
    });
    expect(`${log}${JSON.stringify(result)}`).not.toContain('s3cr3t');
  });

  it('does not know what was applied when the engine dies in the middle of its first change', async () => {
    const start = event({ type: 'apply_start', hook: { resource: { addr: 'aws_x.y' }, action: 'create' } });
    const run = await planned({ apply: () => ({ exitCode: 137, lines: [start] }) });
    expect(applyFailureOf((await run.apply()).result)).toMatchObject({
      phase: 'apply',
      reason: 'apply-failed',
      applied: 'unknown',
    });
  });

  it('does not know what was applied when the engine could not be followed', async () => {
    const run = await planned({
      apply() {
        throw new Error('its pipes broke');
      },
    });
    expect(applyFailureOf((await run.apply()).result)).toMatchObject({ phase: 'apply', applied: 'unknown' });
  });

  it('counts reading data as no change', async () => {
    const hook = { resource: { addr: 'data.aws_x.y' }, action: 'read' };
    const lines = [event({ type: 'apply_start', hook }), event({ type: 'apply_complete', hook })];
    const run = await planned({ apply: () => ({ exitCode: 1, lines }) });
    expect(applyFailureOf((await run.apply()).result)).toMatchObject({ applied: 'no' });
  });

  it('keeps sensitive values of the plan out of what it tells', async () => {
    const plan = {
      resource_changes: [{ change: { after: { password: 'hunter2' }, after_sensitive: { password: true } } }],
    };
    const run = await planned({
      apply: () => ({ exitCode: 1, lines: [diagnostic('error', 'Bad password', { detail: 'hunter2 is too short' })] }),
      show: () => ({ lines: [JSON.stringify(plan)] }),
    });
    const { result, log } = await run.apply();
    expect(applyFailureOf(result).diagnostics?.[0]?.detail).toBe('(sensitive) is too short');
    expect(`${log}${JSON.stringify(result)}`).not.toContain('hunter2');
  });

  it('keeps the state that the engine could not save, and says where', async () => {
    const run = await planned({
      apply({ directory }) {
        writeFileSync(join(directory, 'errored.tfstate'), '{"serial":1}');
        return { exitCode: 1 };
      },
    });
    const { result, log } = await run.apply();
    expect(applyFailureOf(result).message).toMatch(
      /; the state could not be saved and is kept as apply\/errored\.tfstate of this run, where operators find it /,
    );
    // The place of the run in the bucket is a secret. Messages are shown to everybody who may see the deployment.
    expect(`${JSON.stringify(result)}${log}`).not.toContain('0123456789abcdef0123456789abcdef');
    expect(run.artifacts.json('unsavedState')).toEqual({ serial: 1 });
  });

  it('still tells what happened where that state cannot be kept either', async () => {
    const run = await planned({
      apply({ directory }) {
        writeFileSync(join(directory, 'errored.tfstate'), '{"serial":1}');
        const hook = { resource: { addr: 'aws_x.y' }, action: 'create' };
        return { exitCode: 1, lines: [event({ type: 'apply_start', hook }), event({ type: 'apply_complete', hook })] };
      },
    });
    run.artifacts.broken.set('unsavedState', 'SlowDown');
    const failure = applyFailureOf((await run.apply()).result);
    expect(failure).toMatchObject({ phase: 'apply', applied: 'partly' });
    expect(failure.message).toMatch(/; the state could neither be saved nor kept: /);
  });
});

describe('a build that is told to stop', () => {
  it('before the engine runs does not start it', async () => {
    const run = begin();
    run.stopping.abort();
    expect(planFailureOf((await run.plan()).result)).toMatchObject({ phase: 'checkout', reason: 'stopped' });
    expect(run.commands).toEqual([]);
  });

  it('while it asks for credentials asks no more, and does not start the engine', async () => {
    const run = begin();
    run.redeem = async ({ stop }) => {
      run.stopping.abort();
      stop.throwIfAborted();
      throw new Error('it asks on');
    };
    expect(planFailureOf((await run.plan()).result)).toMatchObject({
      reason: 'stopped',
      message: expect.stringContaining('the build was stopped'),
    });
    expect(run.commands).toEqual([]);
  });

  it('while the engine runs interrupts it and says so', async () => {
    const run = withSteps({
      plan({ stop }) {
        run.stopping.abort();
        return { exitCode: stop?.aborted ? 1 : 0, lines: [diagnostic('error', 'Execution halted')] };
      },
    });
    expect(planFailureOf((await run.plan()).result)).toMatchObject({
      phase: 'plan',
      reason: 'stopped',
      message: 'Execution halted',
    });
  });

  it('after everything was applied still tells outputs and success', async () => {
    const run = begin();
    await run.plan();
    const { apply } = run.steps;
    run.steps.apply = async (step) => {
      const done = await apply?.(step);
      run.stopping.abort();
      return done ?? {};
    };
    expect(appliedOf((await run.apply()).result).applied).toBe('yes');
  });
});
