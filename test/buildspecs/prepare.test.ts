import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { bundleBuildspecs } from '../../buildspecs/bundle.ts';

const directory = 'apps/shop/dev1';
const resource = 'resource "terraform_data" "one" {}\n';
let root: string;
let asset: string;
let checkout: string;
let base: string;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'stagegate-prepare-'));
  asset = join(root, 'asset');
  await bundleBuildspecs(asset);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));
beforeEach(() => {
  checkout = mkdtempSync(join(root, 'checkout-'));
  base = join(mkdtempSync(join(root, 'work-')), 'shop', 'dev1');
});

function write(files: Readonly<Record<string, string | { link: string }>>): void {
  for (const [name, content] of Object.entries(files)) {
    const file = join(checkout, name);
    mkdirSync(dirname(file), { recursive: true });
    if (typeof content === 'string') writeFileSync(file, content);
    else symlinkSync(content.link, file);
  }
}

interface Prepared {
  readonly ok: boolean;
  readonly phase?: string;
  readonly message?: string;
  /** `-backend-config` arguments by name. */
  readonly completed: Readonly<Record<string, string>>;
  readonly output: string;
}

function prepare(more: Readonly<Record<string, string>> = {}): Prepared {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(asset, 'scripts', 'prepare.mjs')], {
    encoding: 'utf8',
    env: {
      PATH: process.env.PATH,
      CODEBUILD_SRC_DIR: checkout,
      STAGEGATE_WORK: dirname(dirname(base)),
      STAGEGATE_DEPLOYMENT_ID: 'shop-dev1-1-abcdef',
      STAGEGATE_APPLICATION: 'shop',
      STAGEGATE_ENVIRONMENT: 'dev1',
      STAGEGATE_OPERATION: 'deploy',
      STAGEGATE_DIRECTORY: directory,
      STAGEGATE_COMMIT: 'abc',
      STAGEGATE_REGION: 'eu-west-1',
      STAGEGATE_ROLE_ARN: 'arn:aws:iam::222222222222:role/x',
      STAGEGATE_EXTERNAL_ID: '00',
      STAGEGATE_STATE_BUCKET: 'our-bucket',
      STAGEGATE_STATE_KEY: `${directory}/terraform.tfstate`,
      STAGEGATE_ARTIFACT_BUCKET: 'artifacts',
      STAGEGATE_RUN_PREFIX: 'runs/x/',
      STAGEGATE_ENGINE: 'terraform',
      ...more,
    },
  });
  const failure = join(base, 'failure.json');
  const backendArguments = join(base, 'backend-arguments');
  const lines = existsSync(backendArguments)
    ? readFileSync(backendArguments, 'utf8').trim().split('\n').filter(Boolean)
    : [];
  const completed = Object.fromEntries(lines.map((line) => line.replace('-backend-config=', '').split('=')));
  const result = { ok: status === 0, completed, output: `${stdout}${stderr}` };
  return existsSync(failure) ? { ...result, ...JSON.parse(readFileSync(failure, 'utf8')) } : result;
}

const inTree = (name: string) => join(base, 'tree', name);
const all = { bucket: 'our-bucket', key: `${directory}/terraform.tfstate`, region: 'eu-west-1', use_lockfile: 'true' };

describe('the checkout', () => {
  it('is copied whole, without history and what an engine left behind', () => {
    write({
      [`${directory}/main.tf`]: resource,
      'modules/web/main.tf': resource,
      'modules/web/template.txt': { link: '../shared.txt' },
      'modules/shared.txt': 'shared',
      '.git/HEAD': 'ref',
      [`${directory}/.terraform/providers/x`]: 'binary',
    });
    expect(prepare().ok).toBe(true);
    expect(readFileSync(inTree('modules/web/template.txt'), 'utf8')).toBe('shared');
    expect([existsSync(inTree('.git')), existsSync(inTree(`${directory}/.terraform`))]).toEqual([false, false]);
  });

  it.each([
    ['an absolute link', '/etc/passwd'],
    ['a relative link', '../../../../outside.txt'],
  ])('is refused for %s out of the repository in the directory itself', (_, link) => {
    write({ [`${directory}/main.tf`]: resource, [`${directory}/file.txt`]: { link } });
    expect(prepare()).toMatchObject({
      ok: false,
      phase: 'checkout',
      message: `"${directory}/file.txt" is a symbolic link that leads out of the repository`,
    });
  });

  it('leaves out such links elsewhere: they are nothing to this environment', () => {
    write({ [`${directory}/main.tf`]: resource, 'apps/other/dev1/file.txt': { link: '/etc/passwd' } });
    const prepared = prepare();
    expect([prepared.ok, existsSync(inTree('apps/other/dev1/file.txt'))]).toEqual([true, false]);
    expect(prepared.output).toContain('"apps/other/dev1/file.txt" is left out');
  });

  it.each(['../shop', 'apps/../../shop', '/etc'])('is refused for the directory %s', (path) => {
    write({ [`${directory}/main.tf`]: resource });
    expect(prepare({ STAGEGATE_DIRECTORY: path })).toMatchObject({
      phase: 'checkout',
      message: `the directory "${path}" leads out of the repository`,
    });
  });

  it('is refused when the directory is a link', () => {
    write({ 'elsewhere/main.tf': resource, [directory]: { link: '../../elsewhere' } });
    expect(prepare().message).toBe(`"${directory}" is a symbolic link; environments are plain directories`);
  });

  it('is refused when the directory is missing, a file, or has no configuration', () => {
    write({ 'README.md': '' });
    expect(prepare().message).toBe(`the directory "${directory}" does not exist in commit abc`);
    write({ [`${directory}/README.md`]: '' });
    rmSync(base, { recursive: true });
    expect(prepare().message).toBe(`the directory "${directory}" has no Terraform configuration (*.tf)`);
  });
});

describe('the backend', () => {
  it.each([
    ['no block', '', all, true],
    ['an empty terraform block', 'terraform {\n  required_version = ">= 1"\n}\n', all, true],
    ['a local block', 'terraform {\n  backend "local" {}\n}\n', all, true],
    ['an empty s3 block', 'terraform {\n  backend "s3" {}\n}\n', all, false],
    [
      'a key',
      'terraform {\n  backend "s3" {\n    key = "mine"\n  }\n}\n',
      { bucket: 'our-bucket', region: 'eu-west-1', use_lockfile: 'true' },
      false,
    ],
    [
      'everything',
      'terraform {\n  backend "s3" {\n    bucket = "b"\n    key = "k"\n    region = "us-east-1"\n    use_lockfile = false\n  }\n}\n',
      {},
      false,
    ],
    [
      'a role and a lock table of its own',
      'terraform {\n  backend "s3" {\n    bucket = "b"\n    dynamodb_table = "locks"\n    assume_role = { role_arn = "arn" }\n  }\n}\n',
      { key: all.key, region: 'eu-west-1', use_lockfile: 'true' },
      false,
    ],
  ])('is completed for %s', (_, text, completed, isAdded) => {
    write({ [`${directory}/main.tf`]: `${text}${resource}` });
    expect(prepare()).toMatchObject({ ok: true, completed });
    expect(Object.keys(prepare().completed)).toEqual(Object.keys(completed));
    expect(existsSync(inTree(`${directory}/stagegate_override.tf`))).toBe(isAdded);
  });

  it.each([
    ['no block', '', all],
    ['a key', 'terraform {\n  backend "s3" {\n    key = "mine"\n  }\n}\n', all],
    [
      'everything',
      'terraform {\n  backend "s3" {\n    bucket = "b"\n    key = "k"\n    region = "us-east-1"\n    use_lockfile = true\n  }\n}\n',
      { key: all.key },
    ],
  ])('gets a fixed key in place of its own for %s', (_, text, completed) => {
    write({ [`${directory}/main.tf`]: `${text}${resource}` });
    expect(prepare({ STAGEGATE_STATE_KEY_RULE: 'fixed' })).toMatchObject({ ok: true, completed });
    expect(Object.keys(prepare({ STAGEGATE_STATE_KEY_RULE: 'fixed' }).completed)).toEqual(Object.keys(completed));
  });

  it('is read from JSON and from override files, the last of which counts', () => {
    write({
      [`${directory}/main.tf`]: 'terraform {\n  backend "s3" {\n    key = "first"\n  }\n}\n',
      [`${directory}/a_override.tf.json`]: '{ "terraform": { "backend": { "s3": { "bucket": "second" } } } }',
    });
    expect(Object.keys(prepare().completed)).toEqual(['key', 'region', 'use_lockfile']);
  });

  it('is read from .tofu files by OpenTofu only', () => {
    write({
      [`${directory}/main.tf`]: 'terraform {\n  backend "s3" {\n    key = "terraform"\n  }\n}\n',
      [`${directory}/main.tofu`]: 'terraform {\n  backend "s3" {\n    bucket = "tofu"\n  }\n}\n',
    });
    expect(Object.keys(prepare().completed)).toEqual(['bucket', 'region', 'use_lockfile']);
    rmSync(base, { recursive: true });
    expect(Object.keys(prepare({ STAGEGATE_ENGINE: 'tofu' }).completed)).toEqual(['key', 'region', 'use_lockfile']);
  });

  it('is reached by path where S3 has an endpoint of its own', () => {
    write({ [`${directory}/main.tf`]: resource });
    expect(prepare({ AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:1' }).completed.use_path_style).toBe('true');
  });

  it.each([
    ['a cloud block', 'main.tf', 'terraform {\n  cloud {\n    organization = "acme"\n  }\n}\n', 2, 'a "cloud" block'],
    [
      'a cloud block in JSON',
      'main.tf.json',
      '{\n  "terraform": [{\n    "cloud": { "organization": "acme" }\n  }]\n}\n',
      3,
      'a "cloud" block',
    ],
    [
      'another backend',
      'main.tf',
      'terraform {\n  required_version = ">= 1.0"\n  backend "gcs" {}\n}\n',
      3,
      'backend "gcs" is not supported',
    ],
    [
      'another backend in an override',
      'z_override.tf',
      'terraform {\n  backend "http" {}\n}\n',
      2,
      'backend "http" is not supported',
    ],
    [
      'a profile',
      'main.tf',
      'terraform {\n  backend "s3" {\n    key = "x"\n\n    profile = "admin"\n  }\n}\n',
      5,
      'the backend argument "profile"',
    ],
    [
      'keys of its own',
      'main.tf',
      'terraform {\n  backend "s3" {\n    access_key = "AKIA"\n  }\n}\n',
      3,
      'the backend argument "access_key"',
    ],
    [
      'credentials files',
      'main.tf',
      'terraform {\n  backend "s3" {\n    shared_credentials_files = ["x"]\n  }\n}\n',
      3,
      'the backend argument "shared_credentials_files"',
    ],
  ])('is refused for %s, naming file and line', (_, file, text, line, words) => {
    write({ [`${directory}/other.tf`]: resource, [`${directory}/${file}`]: text });
    const { ok, phase, message } = prepare();
    expect([ok, phase]).toEqual([false, 'backend']);
    expect(message).toContain(`${directory}/${file}:${line}: ${words}`);
  });

  it('is refused when the directory has a file of the name that we add', () => {
    write({ [`${directory}/main.tf`]: resource, [`${directory}/stagegate_override.tf`]: '' });
    expect(prepare().message).toContain('stagegate_override.tf: this name is taken');
  });

  it('of a directory that is no Terraform is explained by the engine', () => {
    write({ [`${directory}/main.tf`]: `${resource}\nterraform {\n  backend "s3" {\n` });
    const { phase, message } = prepare();
    expect(phase).toBe('init');
    expect(message).toMatch(/^Unclosed configuration block \(apps\/shop\/dev1\/main\.tf:4\)$/);
  });
});

describe('the variables that Stagegate sets', () => {
  const variable = (name: string, more = '') => `variable "${name}" {\n  type = string\n${more}}\n`;
  const wanted = (mode: 'required' | 'when-declared', value: unknown, name = 'size') => ({
    STAGEGATE_VARIABLES: JSON.stringify({ [name]: { value, mode } }),
  });
  const varFile = () => JSON.parse(readFileSync(join(base, 'variables.tfvars.json'), 'utf8'));

  it.each([
    ['in HCL', 'variables.tf', variable('size')],
    ['in JSON', 'variables.tf.json', '{ "variable": { "size": { "type": "string" } } }'],
    ['in a list of JSON', 'variables.tf.json', '[{ "variable": [{ "size": {} }] }]'],
    ['behind others', 'variables.tf', `/* variable "x" {} */\n${variable('other')}${resource}${variable('size')}`],
  ])('are written where the directory declares them %s', (_, file, text) => {
    write({ [`${directory}/main.tf`]: resource, [`${directory}/${file}`]: text });
    expect(prepare(wanted('required', 'large')).ok).toBe(true);
    expect(varFile()).toEqual({ size: 'large' });
    rmSync(base, { recursive: true });
    expect(prepare(wanted('when-declared', ['a', { b: 1 }])).ok).toBe(true);
    expect(varFile()).toEqual({ size: ['a', { b: 1 }] });
  });

  it.each([
    ['nowhere', 'main.tf', ''],
    ['in a comment', 'main.tf', '# variable "size" {}\n'],
    ['in a text', 'main.tf', 'locals {\n  text = <<EOT\nvariable "size" {}\nEOT\n}\n'],
    ['in another block', 'main.tf', 'resource "variable" "size" {}\n'],
    ['by a value alone', 'terraform.tfvars', 'size = "x"\n'],
    ['in a module of its own', 'module/main.tf', variable('size')],
    ['for OpenTofu', 'main.tofu', variable('size')],
  ])('are refused when required and declared %s, else left out', (_, file, text) => {
    write({ [`${directory}/first.tf`]: resource, [`${directory}/${file}`]: text });
    expect(prepare(wanted('required', 'large'))).toMatchObject({
      ...{ ok: false, phase: 'variables' },
      message: `the directory "${directory}" must declare "size": this environment gets a value for it`,
    });
    rmSync(base, { recursive: true });
    expect(prepare(wanted('when-declared', 'large')).ok).toBe(true);
    expect(varFile()).toEqual({});
  });

  it('are all named when several are missing', () => {
    write({ [`${directory}/main.tf`]: resource });
    const both = { a: { value: 1, mode: 'required' }, b: { value: 2, mode: 'required' } };
    expect(prepare({ STAGEGATE_VARIABLES: JSON.stringify(both) }).message).toContain('must declare "a", "b"');
  });

  it.each(['sensitive', 'ephemeral'])('are refused when required and %s', (property) => {
    write({ [`${directory}/main.tf`]: `${resource}${variable('size', `  ${property} = true\n`)}` });
    expect(prepare(wanted('required', 'large'))).toMatchObject({ ok: false, phase: 'variables' });
    rmSync(base, { recursive: true });
    expect(prepare(wanted('when-declared', 'large')).ok).toBe(true);
  });

  it.each([
    ['terraform.tfvars', 'other = 1\nsize = "small"\n', 2],
    ['terraform.tfvars.json', '{\n  "size": "small"\n}', 2],
    ['z.auto.tfvars', 'size = ["large"]\n', 1],
    ['z.auto.tfvars.json', '{ "size": null }', 1],
  ])('are refused when a different value stands in %s, unless required', (file, text, line) => {
    write({ [`${directory}/main.tf`]: `${resource}${variable('size')}`, [`${directory}/${file}`]: text });
    expect(prepare(wanted('when-declared', 'large'))).toMatchObject({
      ...{ ok: false, phase: 'variables' },
      message: `${directory}/${file}:${line}: "size" is not what Stagegate sets it to, "large"; remove the line`,
    });
    rmSync(base, { recursive: true });
    expect(prepare(wanted('required', 'large')).ok).toBe(true);
    expect(varFile()).toEqual({ size: 'large' });
  });

  it('are taken when the same value stands there, or a different one in a file nobody reads', () => {
    write({
      [`${directory}/main.tf`]: `${resource}${variable('size')}`,
      [`${directory}/terraform.tfvars`]: 'size = "large"\n',
      [`${directory}/a.auto.tfvars.json`]: '{ "size": "large" }',
      [`${directory}/other.tfvars`]: 'size = "small"\n',
    });
    expect(prepare(wanted('when-declared', 'large')).ok).toBe(true);
    expect(varFile()).toEqual({ size: 'large' });
  });

  it.each([['{'], ['[]'], ['{"a":{"mode":"required"}}'], ['{"a":{"value":1,"mode":"maybe"}}']])(
    'are refused when they come as %s',
    (text) => {
      write({ [`${directory}/main.tf`]: resource });
      const { ok, phase, message } = prepare({ STAGEGATE_VARIABLES: text });
      expect([ok, phase]).toEqual([false, 'variables']);
      expect(message).toContain('STAGEGATE_VARIABLES');
    },
  );

  it('are refused when a file of values is no JSON, naming it', () => {
    write({ [`${directory}/main.tf`]: resource, [`${directory}/terraform.tfvars.json`]: '{' });
    expect(prepare()).toMatchObject({ phase: 'variables' });
    expect(prepare().message).toContain('reading terraform.tfvars.json');
  });
});

it('names every variable that is missing or wrong at once', () => {
  write({ [`${directory}/main.tf`]: resource });
  const { ok, output } = prepare({ STAGEGATE_ENGINE: 'pulumi', STAGEGATE_ROLE_ARN: '' });
  expect([ok, output.includes('STAGEGATE_ENGINE'), output.includes('STAGEGATE_ROLE_ARN')]).toEqual([false, true, true]);
});
