import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DIRECTORY as directory, ProgramRun, resolveBackend } from './program-runs.ts';

const resource = 'resource "terraform_data" "one" {}\n';
const s3 = (text: string) => `terraform {\n  backend "s3" {\n${text}  }\n}\n`;
const OPEN = s3('    encrypt = true\n');
const COMPLETE = s3('    bucket = "acme"\n    key = "web"\n    region = "eu-west-1"\n');
const SETTINGS = 'bucket = "acme-state"\nkey = "infra/web.tfstate"\n';
const STATES = ['terraform.tfstate', 'terraform.tfstate.d', 'test/terraform.tfstate'];
const REFUSED = { STAGEGATE_STATE_ELSEWHERE: 'refused' };

let run: ProgramRun;
/** The arguments kept for the apply, and the local states in the tree, when the engine starts. */
let seen: { readonly kept: string; readonly states: readonly boolean[] } | undefined;
beforeEach(() => {
  run = new ProgramRun({});
});
afterEach(() => run.remove());

interface Prepared {
  readonly ok: boolean;
  readonly phase?: string;
  readonly reason?: string | undefined;
  readonly message?: string;
  /** The arguments of `init`, without `-backend-config=`. */
  readonly completed: readonly string[];
  readonly log: string;
}

/** Returns what a plan of these files has prepared when the engine starts, or why the engine did not start. */
async function prepare(
  files: Readonly<Record<string, string>>,
  more: Readonly<Record<string, string>> = {},
): Promise<Prepared> {
  run.write(Object.fromEntries(Object.entries(files).map(([name, text]) => [join(directory, name), text])));
  let completed: readonly string[] = [];
  run.steps.init = ({ arguments: given, directory: place }) => {
    completed = given.flatMap((argument) => argument.split('-backend-config=').slice(1));
    const key = more.STAGEGATE_STATE_KEY_RULE === 'fixed' ? `${directory}/terraform.tfstate` : 'k';
    seen = {
      kept: readFileSync(join(run.base, 'backend-arguments'), 'utf8'),
      states: STATES.map((name) => existsSync(join(place, name))),
    };
    resolveBackend(place, { type: 's3', config: { bucket: 'b', key } });
    return {};
  };
  run.artifacts.objects.clear();
  const { isSuccessful, result, log } = await run.plan(more);
  return { ok: isSuccessful, completed, log, ...(result?.ok === false && result) };
}

describe('a state that may be elsewhere', () => {
  it('ends the first plan of a directory with an open block, naming the file and both ways out', async () => {
    const prepared = await prepare({ 'main.tf': `${OPEN}${resource}`, 'dev1.s3.tfbackend': SETTINGS }, REFUSED);
    expect(prepared).toMatchObject({
      ok: false,
      phase: 'backend',
      message:
        `${directory}/dev1.s3.tfbackend seems to say where the state is kept, but nothing uses it: the backend block ` +
        `in ${directory}/main.tf:2 leaves "bucket" and "key" open, so the first deployment would begin with an empty ` +
        'state and create again what exists. Either set "backendConfigFile": "dev1.s3.tfbackend" of the environment, ' +
        'which completes the backend with it, or, if nothing exists yet, ask for the deployment with "adopt": ' +
        '"empty-state" (POST …/deployments)',
    });
    expect(prepared.reason).toBeUndefined();
    expect(run.calls).toEqual([]);
  });

  it.each([
    ['settings above the directory', '../dev1.tfbackend', SETTINGS, '"backendConfigFile": "../dev1.tfbackend"'],
    ['settings in JSON', 'dev1.tfbackend.json', '{}', '"backendConfigFile": "dev1.tfbackend.json"'],
    ['settings in HCL', 'backend-dev1.hcl', '', '"backendConfigFile": "backend-dev1.hcl"'],
    ['settings in HCL by another name', 'dev1.hcl', SETTINGS, '"backendConfigFile": "dev1.hcl"'],
    ['settings as values', '../dev1-backend.tfvars', '', '"backendConfigFile": "../dev1-backend.tfvars"'],
    ['settings in a file of any name', 'backend.conf', SETTINGS, '"backendConfigFile": "backend.conf"'],
    ['settings that the engine takes for values', 'backend.auto.tfvars', SETTINGS, '"backend.auto.tfvars"'],
    ['settings below the directory', 'config/dev1.tfbackend', SETTINGS, '"backendConfigFile": "config/dev1.tfbackend"'],
    ['settings for all', '../backends/eu/dev1.tfvars', SETTINGS, '"backendConfigFile": "../backends/eu/dev1.tfvars"'],
    ['a file that cannot be named', 'a=b.tfbackend', SETTINGS, 'give the file a plain name'],
    ['Terragrunt', 'terragrunt.hcl', 'remote_state {}\n', 'bucket, key and region of its remote_state'],
    ['Terragrunt above', '../terragrunt.hcl', '', 'bucket, key and region of its remote_state'],
    ['a state', 'terraform.tfstate', '{}', `copy it to s3://our-bucket/${directory}/terraform.tfstate`],
    ['a state above', '../terraform.tfstate', '{}', `copy it to s3://our-bucket/${directory}/terraform.tfstate`],
    ['states of workspaces', 'terraform.tfstate.d/prod/terraform.tfstate', '{}', 'copy it to s3://our-bucket/'],
    ['a state by another name', 'dev1.tfstate', '{}', 'copy it to s3://our-bucket/'],
  ])('is told by %s', async (_, file, text, wayOut) => {
    for (const block of [OPEN, '', 'terraform {\n  backend "local" {}\n}\n']) {
      const { ok, phase, message } = await prepare({ 'main.tf': `${block}${resource}`, [file]: text }, REFUSED);
      expect([ok, phase]).toEqual([false, 'backend']);
      expect(message).toContain(wayOut);
      expect(message).toContain('"adopt": "empty-state"');
    }
  });

  it.each([
    ['the key', s3('    bucket = "acme"\n'), '"key" open'],
    ['the bucket', s3('    key = "web"\n'), '"bucket" open'],
    ['both, with empty texts', s3('    bucket = ""\n    key = null\n'), '"bucket" and "key" open'],
  ])('matters when a block leaves %s open', async (_, block, words) => {
    const { message } = await prepare({ 'main.tf': block, 'dev1.tfbackend': SETTINGS }, REFUSED);
    expect(message).toContain(`main.tf:2 leaves ${words}`);
  });

  it('matters when a block in JSON leaves it open with null, and is completed as if nothing stood there', async () => {
    const files = { 'main.tf.json': '{ "terraform": { "backend": { "s3": { "bucket": null, "key": "" } } } }' };
    const { message } = await prepare({ ...files, 'dev1.tfbackend': SETTINGS }, REFUSED);
    expect(message).toContain('leaves "bucket" and "key" open');
    const { completed } = await prepare(files);
    expect(completed.slice(0, 2)).toEqual(['bucket=our-bucket', `key=${directory}/terraform.tfstate`]);
  });

  it('is told by the file of a local backend, wherever that lies', async () => {
    const block = 'terraform {\n  backend "local" {\n    path = "../../../states/dev1.json"\n  }\n}\n';
    run.write({ 'states/dev1.json': '{}' });
    expect((await prepare({ 'main.tf': block }, REFUSED)).message).toContain(
      `states/dev1.json is a Terraform state, but nothing uses it: the "local" backend in ${directory}/main.tf:2`,
    );
  });

  it('is to be copied to where block and file say, as far as they do', async () => {
    const files = { 'main.tf': s3('    bucket = "acme"\n'), 'terraform.tfstate': '{}' };
    expect((await prepare(files, REFUSED)).message).toContain(`to s3://acme/${directory}/terraform.tfstate (aws s3 cp`);
  });

  it('is told with both ways out, however long the names are', async () => {
    const [application, environment] = ['a'.repeat(32), 'e'.repeat(16)];
    const name = `apps/${application}/${environment}`;
    for (const file of ['terraform.tfstate', `${'f'.repeat(200)}.tfbackend`, 'terragrunt.hcl']) {
      run.remove();
      run = new ProgramRun({ [`${name}/${'c'.repeat(60)}.tf`]: OPEN, [`${name}/${file}`]: '{}' });
      const { message } = await prepare(
        {},
        {
          ...REFUSED,
          STAGEGATE_APPLICATION: application,
          STAGEGATE_ENVIRONMENT: environment,
          STAGEGATE_DIRECTORY: name,
          STAGEGATE_STATE_BUCKET: 'b'.repeat(63),
          STAGEGATE_STATE_KEY: `${name}/terraform.tfstate`,
        },
      );
      expect(message).toMatch(/^apps.*Either.*, or, if nothing.*\(POST …\/deployments\)$/);
    }
  });

  it('is told by the file that is named like the environment first, with the number of others', async () => {
    const files = { '../a.tfbackend': SETTINGS, '../dev1.tfbackend': SETTINGS, '../stage1.tfbackend': SETTINGS };
    const { message } = await prepare({ 'main.tf': OPEN, ...files }, REFUSED);
    expect(message).toContain('apps/shop/dev1.tfbackend (and 2 more)');
  });

  it('is not told by names that people would not see as they are', async () => {
    const { message } = await prepare({ 'main.tf': OPEN, 'a\u001b[2Kb.tfbackend': SETTINGS }, REFUSED);
    expect(message).toContain(`"${directory}/a\\u001b[2Kb.tfbackend"`);
  });

  it.each([
    ['a complete block', { 'main.tf': COMPLETE, 'dev1.tfbackend': SETTINGS, 'terraform.tfstate': '{}' }],
    ['files of another environment', { 'main.tf': OPEN, '../stage1/main.tf': '', '../stage1/x.tfbackend': SETTINGS }],
    ['files of a module', { 'main.tf': OPEN, 'module/main.tf': '', 'module/backend.hcl': SETTINGS }],
    ['files of another application', { 'main.tf': OPEN, '../../web/dev1.tfbackend': SETTINGS }],
    ['files above the application', { 'main.tf': OPEN, '../../backend.hcl': SETTINGS }],
    ['other files of such names below', { 'main.tf': OPEN, 'files/backend.conf': 'listen 80;\n' }],
    ['values of a backend', { 'main.tf': OPEN, 'backend.auto.tfvars': 'instances = 3\n' }],
    ['the lock file and values', { 'main.tf': OPEN, '.terraform.lock.hcl': '', 'x.auto.tfvars': SETTINGS }],
    ['states that others read', { 'main.tf': OPEN, 'test/terraform.tfstate': '{}', 'x.tfstate.backup': '{}' }],
  ])('is not supposed for %s', async (_, files) => {
    expect(await prepare(files, REFUSED)).toMatchObject({ ok: true });
  });

  it('is not asked about again, nor in an ephemeral environment', async () => {
    const files = { 'main.tf': OPEN, 'dev1.tfbackend': SETTINGS, 'terraform.tfstate': '{}' };
    expect((await prepare(files)).ok).toBe(true);
    expect((await prepare(files, { STAGEGATE_STATE_KEY_RULE: 'fixed' })).ok).toBe(true);
  });
});

describe('a committed local state', () => {
  it('does not reach the engine, which would copy it to S3', async () => {
    const { ok, log } = await prepare({
      'main.tf': COMPLETE,
      'terraform.tfstate': '{}',
      'terraform.tfstate.d/prod/terraform.tfstate': '{}',
      'test/terraform.tfstate': '{}',
    });
    expect(ok).toBe(true);
    expect(seen?.states).toEqual([false, false, true]);
    expect(log).toContain('"terraform.tfstate" is left out: the state is kept in S3');
  });
});

describe('the file that an environment names for its backend', () => {
  const named = (file: string, more = {}) => ({ STAGEGATE_BACKEND_CONFIG_FILE: file, ...REFUSED, ...more });
  const rest = ['use_lockfile=true', 'skip_credentials_validation=true', 'skip_requesting_account_id=true'];
  const ours = [`bucket=our-bucket`, `key=${directory}/terraform.tfstate`, 'region=eu-west-1', ...rest];

  it.each([
    ['all', 'bucket = "b"\nkey = "k"\nregion = "us-east-1"\n', rest],
    ['bucket and key', SETTINGS, ['region=eu-west-1', ...rest]],
    ['a bucket', 'bucket = "b"\n', ours.slice(1)],
    ['nothing', '', ours],
    ['empty texts', 'bucket = ""\nkey = null\n', ours],
    ['its own lock', `${SETTINGS}use_lockfile = false\n`, ['region=eu-west-1', ...rest.slice(1)]],
  ])('is given to init, and completed where it says %s', async (_, text, completed) => {
    const files = { 'main.tf': OPEN, 'dev1.tfbackend': text };
    expect(await prepare(files, named('dev1.tfbackend'))).toMatchObject({
      ok: true,
      completed: ['dev1.tfbackend', ...completed],
    });
    expect(seen?.kept.split('\n')[0]).toBe('-backend-config=dev1.tfbackend');
  });

  it.each([
    ['HCL above the directory', '../backends/dev1.hcl', SETTINGS],
    ['JSON', 'dev1.tfbackend.json', '{ "bucket": "b", "key": "k" }'],
  ])('may be %s', async (_, file, text) => {
    const { ok, completed } = await prepare({ 'main.tf': resource, [file]: text }, named(file));
    expect([ok, completed]).toEqual([true, [file, 'region=eu-west-1', ...rest]]);
  });

  it('names the bucket of an ephemeral environment, and never its key', async () => {
    const more = { STAGEGATE_STATE_KEY_RULE: 'fixed', STAGEGATE_STATE_ELSEWHERE: 'ignored' };
    const { completed } = await prepare({ 'main.tf': OPEN, 'b.tfbackend': SETTINGS }, named('b.tfbackend', more));
    expect(completed).toEqual(['b.tfbackend', ...ours.slice(1)]);
  });

  it('does not say everything while another file may say the rest', async () => {
    const files = { 'main.tf': OPEN, 'common.tfbackend': 'bucket = "b"\n', 'dev1.tfbackend': 'key = "k"\n' };
    const { phase, message } = await prepare(files, named('common.tfbackend'));
    expect(phase).toBe('backend');
    expect(message).toContain(`main.tf:2 with ${directory}/common.tfbackend leaves "key" open`);
  });

  it.each([
    ['is missing', {}, 'dev1.tfbackend, which "backendConfigFile" of the environment names, is no file of the commit'],
    ['is a directory', { 'dev1.tfbackend/x': '' }, 'is no file of the commit'],
    ['is no HCL', { 'dev1.tfbackend': 'bucket = "a"\nkey = = \n' }, 'dev1.tfbackend:2: not valid as settings'],
    ['has a NUL byte', { 'dev1.tfbackend': 'bucket = "a"\n\0profile = "x"\n' }, 'dev1.tfbackend:2: not valid'],
    ['has a block', { 'dev1.tfbackend': OPEN }, 'dev1.tfbackend:1: a file of backend settings has lines such as'],
    [
      'brings credentials',
      { 'dev1.tfbackend': `${SETTINGS}profile = "x"\n` },
      'dev1.tfbackend:3: the backend argument',
    ],
    ['names a lock table', { 'dev1.tfbackend': 'dynamodb_table = "x"\n' }, 'dev1.tfbackend:1: the backend argument'],
    ['is far too large', { 'dev1.tfbackend': '#'.repeat(70_000) }, 'which are too many'],
  ])('is refused when it %s', async (_, files, words) => {
    const { ok, phase, message } = await prepare({ 'main.tf': OPEN, ...files }, named('dev1.tfbackend'));
    expect([ok, phase]).toEqual([false, 'backend']);
    expect(message).toContain(words);
  });

  it.each(['../../web/dev1.tfbackend', '/etc/passwd', '..', 'a//b', './a', 'bucket=mine', 'a\nb', '-x/../..', ''])(
    'cannot be %j',
    async (file) => {
      const { completed, log } = await prepare({ 'main.tf': OPEN }, named(file));
      if (file === '') expect(completed).toEqual(ours);
      else expect(log).toContain('STAGEGATE_BACKEND_CONFIG_FILE');
    },
  );
});

describe('settings that builds cannot honour', () => {
  const WAYS_OUT = {
    dynamodb_table:
      'Either remove the line: builds set use_lockfile, which locks with an object beside the state; or name the table in "lockTable" of the environment and in the parameter LockTable',
    assume_role: "Remove it, and let the policy of the state's bucket allow the roles of the environment",
    role_arn: 'Remove it',
    session_name: 'Remove it',
    workspace_key_prefix: 'let "key" be <prefix>/<workspace>/<key>',
  };

  it.each(Object.entries(WAYS_OUT))(
    'are refused as "%s" wherever they stand, before anything runs',
    async (name, wayOut) => {
      const value = name === 'assume_role' ? '{ role_arn = "x" }' : '"x"';
      const json = name === 'assume_role' ? '{ "role_arn": "x" }' : '"x"';
      const places: readonly [file: string, text: string, line: number][] = [
        ['backend.tf', s3(`    bucket = "b"\n    key = "k"\n    region = "r"\n    ${name} = ${value}\n`), 6],
        ['backend.tf.json', `{\n "terraform": {\n  "backend": {\n   "s3": {\n    "${name}": ${json} } } } }`, 5],
        ['override.tf', s3(`    ${name} = ${value}\n`), 3],
        ['dev1.tfbackend', `bucket = "b"\n\n${name} = ${value}\n`, 3],
        ['dev1.tfbackend.json', `{ "bucket": "b",\n  "${name}": ${json} }`, 2],
      ];
      for (const [file, text, line] of places) {
        run.remove();
        run = new ProgramRun({});
        const isNamed = file.includes('tfbackend');
        const { phase, message } = await prepare(
          { 'main.tf': resource, [file]: text },
          isNamed ? { STAGEGATE_BACKEND_CONFIG_FILE: file } : {},
        );
        expect([phase, message?.split(' the backend argument')[0]]).toEqual([
          'backend',
          `${directory}/${file}:${line}:`,
        ]);
        expect(message).toContain(`the backend argument "${name}"`);
        expect(message).toContain(wayOut);
        expect(run.calls).toEqual([]);
      }
    },
  );

  it('are a lock table only as long as the environment does not name it, in block and file', async () => {
    const granted = { STAGEGATE_LOCK_TABLE: 'acme-locks' };
    const files = (table: string) => ({ 'main.tf': s3(`    dynamodb_table = "${table}"\n`) });
    expect(await prepare(files('acme-locks'), granted)).toMatchObject({ ok: true });
    expect(await prepare(files('others'), granted)).toMatchObject({ ok: false, phase: 'backend' });
    expect(await prepare(files(''))).toMatchObject({ ok: false, phase: 'backend' });
    const named = { ...granted, STAGEGATE_BACKEND_CONFIG_FILE: 'dev1.tfbackend' };
    const completed = (table: string) => ({ 'main.tf': OPEN, 'dev1.tfbackend': `dynamodb_table = "${table}"\n` });
    expect(await prepare(completed('acme-locks'), named)).toMatchObject({ ok: true });
    expect(await prepare(completed('others'), named)).toMatchObject({ ok: false, phase: 'backend' });
  });

  it.each(['profile', 'role_arn', 'assume_role', 'workspace_key_prefix'])(
    'are refused as "%s" after init, too, should the engine have found what we did not',
    async (name) => {
      run.write({ [`${directory}/main.tf`]: resource });
      const given = { bucket: 'b', key: 'k', region: null, assume_role: null, workspace_key_prefix: '', token: null };
      run.steps.init = ({ directory: place }) => {
        resolveBackend(place, { type: 's3', config: { ...given, [name]: 'x' } });
        return {};
      };
      const { result } = await run.plan();
      expect(result).toMatchObject({
        phase: 'backend',
        reason: 'backend',
        message: `after init the s3 backend has the argument "${name}", which builds cannot honour`,
      });
      expect(run.commands).toEqual(['init']);
      run.steps.init = ({ directory: place }) => {
        resolveBackend(place, { type: 's3', config: given });
        return {};
      };
      run.artifacts.objects.clear();
      expect((await run.plan()).isSuccessful).toBe(true);
    },
  );

  it('are refused as a block of the role, too', async () => {
    const { message } = await prepare({
      'main.tf': s3('    key = "k"\n    assume_role {\n      role_arn = "x"\n    }\n'),
    });
    expect(message).toContain('main.tf:4: the backend argument "assume_role" assumes another role');
  });
});
