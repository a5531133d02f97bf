import { cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DIRECTORY as directory, ProgramRun, resolveBackend } from './program-runs.ts';

const resource = 'resource "terraform_data" "one" {}\n';
let run: ProgramRun;
/** The contents of the var file when the engine starts. */
let varFile: unknown;

beforeEach(() => {
  run = new ProgramRun({});
});
afterEach(() => run.remove());

const write = (files: Parameters<ProgramRun['write']>[0]) => run.write(files);

interface Prepared {
  readonly ok: boolean;
  readonly phase?: string;
  readonly message?: string;
  /** `-backend-config` arguments by name. */
  readonly completed: Readonly<Record<string, string>>;
  readonly output: string;
}

/** Returns what a plan has prepared when the engine starts, or why the engine did not start. */
async function prepare(more: Readonly<Record<string, string>> = {}): Promise<Prepared> {
  let lines: readonly string[] = [];
  run.steps.init = ({ arguments: given, directory: place }) => {
    lines = given.filter((argument) => argument.startsWith('-backend-config='));
    cpSync(join(run.base, 'tree'), join(run.root, 'seen'), { recursive: true, verbatimSymlinks: true });
    resolveBackend(place, { type: 's3', config: { bucket: 'b', key: more.STAGEGATE_STATE_KEY ?? STATE_KEY } });
    varFile = JSON.parse(readFileSync(join(run.base, 'variables.tfvars.json'), 'utf8'));
    return {};
  };
  // Objects of a run are written once, so each plan here must be the first of its run.
  run.artifacts.objects.clear();
  const { isSuccessful, result, log } = await run.plan(more);
  const completed = Object.fromEntries(lines.map((line) => line.replace('-backend-config=', '').split('=')));
  return { ok: isSuccessful, completed, output: log, ...(result?.ok === false && result) };
}

const STATE_KEY = `${directory}/terraform.tfstate`;
const inTree = (name: string) => join(run.root, 'seen', name);
const unidentified = { skip_credentials_validation: 'true', skip_requesting_account_id: 'true' };
const settings = { region: 'eu-west-1', use_lockfile: 'true', ...unidentified };
const all = { bucket: 'our-bucket', key: STATE_KEY, ...settings };

describe('the checkout', () => {
  it('is copied whole, without history and what an engine left behind', async () => {
    write({
      [`${directory}/main.tf`]: resource,
      'modules/web/main.tf': resource,
      'modules/web/template.txt': { link: '../shared.txt' },
      'modules/shared.txt': 'shared',
      '.git/HEAD': 'ref',
      'apps/.hg/hgrc': '[hooks]',
      [`${directory}/.terraform/providers/x`]: 'binary',
    });
    expect((await prepare()).ok).toBe(true);
    expect(readFileSync(inTree('modules/web/template.txt'), 'utf8')).toBe('shared');
    expect(['.git', 'apps/.hg', `${directory}/.terraform`].filter((name) => existsSync(inTree(name)))).toEqual([]);
  });

  it.each([
    ['an absolute link', '/etc/passwd'],
    ['a relative link', '../../../../outside.txt'],
  ])('is refused for %s out of the repository in the directory itself', async (_, link) => {
    write({ [`${directory}/main.tf`]: resource, [`${directory}/file.txt`]: { link } });
    expect(await prepare()).toMatchObject({
      ok: false,
      phase: 'checkout',
      message: `"${directory}/file.txt" is a symbolic link that leads out of the repository`,
    });
  });

  it('leaves out such links elsewhere: they are nothing to this environment', async () => {
    write({ [`${directory}/main.tf`]: resource, 'apps/other/dev1/file.txt': { link: '/etc/passwd' } });
    const prepared = await prepare();
    expect([prepared.ok, existsSync(inTree('apps/other/dev1/file.txt'))]).toEqual([true, false]);
    expect(prepared.output).toContain('"apps/other/dev1/file.txt" is left out');
  });

  it('leaves out links that lead out and back in, which they do at no other place', async () => {
    write({
      [`${directory}/main.tf`]: resource,
      'modules/shared.txt': 'shared',
      'modules/back.txt': { link: '../../checkout/modules/shared.txt' },
    });
    const prepared = await prepare();
    expect([prepared.ok, existsSync(inTree('modules/shared.txt'))]).toEqual([true, true]);
    expect(prepared.output).toContain('"modules/back.txt" is left out');
  });

  it('leaves out links that lead out through other links only', async () => {
    mkdirSync(join(run.root, 'outside'));
    write({
      [`${directory}/main.tf`]: resource,
      'modules/up': { link: '..' },
      'modules/sideways': { link: 'up/../outside' },
    });
    const prepared = await prepare();
    expect([prepared.ok, existsSync(inTree('modules/up')), existsSync(inTree('modules/sideways'))]).toEqual([
      ...[true, true, false],
    ]);
    expect(prepared.output).toContain('"modules/sideways" is left out');
  });

  it.each([
    ['the directory', `${directory}/`, directory, 'refs/heads/x'],
    ['one above it', 'apps/', 'apps', 'refs/heads/x'],
    ['the repository', '', '.', 'refs/heads/x'],
    ['one that names where the rest is', `${directory}/`, directory, 'commondir'],
  ])('is refused where git would take %s for a repository with settings', async (_, place, named, other) => {
    write({
      [`${directory}/main.tf`]: resource,
      [`${place}HEAD`]: 'ref: refs/heads/main',
      [`${place}objects/x`]: '',
      [`${place}${other}`]: '',
      [`${place}config`]: '[core]\nsshCommand = ./run.sh\n',
    });
    expect(await prepare()).toMatchObject({
      ok: false,
      phase: 'checkout',
      message: `"${named}" is laid out like git's own directory (HEAD, refs): git would run what its settings name`,
    });
  });

  it('may hold such a directory where git does not look for one, and a file of that name', async () => {
    write({
      [`${directory}/main.tf`]: resource,
      [`${directory}/HEAD`]: 'text',
      'fixtures/HEAD': 'ref: refs/heads/main',
      'fixtures/objects/x': '',
      'fixtures/refs/x': '',
    });
    expect((await prepare()).ok).toBe(true);
  });

  it.each(['../shop', 'apps/../../shop', '/etc'])('is refused for the directory %s', async (path) => {
    write({ [`${directory}/main.tf`]: resource });
    expect(await prepare({ STAGEGATE_DIRECTORY: path })).toMatchObject({
      phase: 'checkout',
      message: `the directory "${path}" leads out of the repository`,
    });
  });

  it('is refused when the directory is a link', async () => {
    write({ 'elsewhere/main.tf': resource, [directory]: { link: '../../elsewhere' } });
    expect((await prepare()).message).toBe(`"${directory}" is a symbolic link; environments are plain directories`);
  });

  it('is refused when the directory is missing, a file, or has no configuration', async () => {
    write({ 'README.md': '' });
    expect((await prepare()).message).toBe(`the directory "${directory}" does not exist in commit abc`);
    write({ [`${directory}/README.md`]: '' });
    expect((await prepare()).message).toBe(`the directory "${directory}" has no Terraform configuration (*.tf)`);
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
      { bucket: 'our-bucket', ...settings },
      false,
    ],
    [
      'everything',
      'terraform {\n  backend "s3" {\n    bucket = "b"\n    key = "k"\n    region = "us-east-1"\n    use_lockfile = false\n  }\n}\n',
      unidentified,
      false,
    ],
    [
      'the accounts it may be in',
      'terraform {\n  backend "s3" {\n    allowed_account_ids = ["111111111111"]\n  }\n}\n',
      { bucket: 'our-bucket', key: STATE_KEY, region: 'eu-west-1', use_lockfile: 'true' },
      false,
    ],
    [
      'the accounts it may not be in',
      'terraform {\n  backend "s3" {\n    forbidden_account_ids = ["111111111111"]\n  }\n}\n',
      { bucket: 'our-bucket', key: STATE_KEY, region: 'eu-west-1', use_lockfile: 'true' },
      false,
    ],
  ])('is completed for %s', async (_, text, completed, isAdded) => {
    write({ [`${directory}/main.tf`]: `${text}${resource}` });
    expect(await prepare()).toMatchObject({ ok: true, completed });
    expect(Object.keys((await prepare()).completed)).toEqual(Object.keys(completed));
    expect(existsSync(inTree(`${directory}/stagegate_override.tf`))).toBe(isAdded);
  });

  it.each([
    ['no block', '', all],
    ['a key', 'terraform {\n  backend "s3" {\n    key = "mine"\n  }\n}\n', all],
    [
      'everything',
      'terraform {\n  backend "s3" {\n    bucket = "b"\n    key = "k"\n    region = "us-east-1"\n    use_lockfile = true\n  }\n}\n',
      { key: all.key, ...unidentified },
    ],
  ])('gets a fixed key in place of its own for %s', async (_, text, completed) => {
    write({ [`${directory}/main.tf`]: `${text}${resource}` });
    expect(await prepare({ STAGEGATE_STATE_KEY_RULE: 'fixed' })).toMatchObject({ ok: true, completed });
    expect(Object.keys((await prepare({ STAGEGATE_STATE_KEY_RULE: 'fixed' })).completed)).toEqual(
      Object.keys(completed),
    );
  });

  it('is read from JSON and from override files, the last of which counts', async () => {
    write({
      [`${directory}/main.tf`]: 'terraform {\n  backend "s3" {\n    key = "first"\n  }\n}\n',
      [`${directory}/a_override.tf.json`]: '{ "terraform": { "backend": { "s3": { "bucket": "second" } } } }',
    });
    expect(Object.keys((await prepare()).completed)).toEqual(['key', ...Object.keys(settings)]);
  });

  it('is read from .tofu files by OpenTofu only', async () => {
    write({
      [`${directory}/main.tf`]: 'terraform {\n  backend "s3" {\n    key = "terraform"\n  }\n}\n',
      [`${directory}/main.tofu`]: 'terraform {\n  backend "s3" {\n    bucket = "tofu"\n  }\n}\n',
    });
    expect(Object.keys((await prepare()).completed)).toEqual(['bucket', ...Object.keys(settings)]);
    expect(Object.keys((await prepare({ STAGEGATE_ENGINE: 'tofu' })).completed)).toEqual([
      'key',
      ...Object.keys(settings),
    ]);
  });

  it('is reached by path where S3 has an endpoint of its own', async () => {
    write({ [`${directory}/main.tf`]: resource });
    expect((await prepare({ AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:1' })).completed.use_path_style).toBe('true');
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
      'a cloud block under a name that is there twice',
      'main.tf.json',
      '{\n  "terraform": { "cloud": {} },\n  "terraform": {}\n}\n',
      2,
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
  ])('is refused for %s, naming file and line', async (_, file, text, line, words) => {
    write({ [`${directory}/other.tf`]: resource, [`${directory}/${file}`]: text });
    const { ok, phase, message } = await prepare();
    expect([ok, phase]).toEqual([false, 'backend']);
    expect(message).toContain(`${directory}/${file}:${line}: ${words}`);
  });

  it('is refused when the directory has a file of the name that we add', async () => {
    write({ [`${directory}/main.tf`]: resource, [`${directory}/stagegate_override.tf`]: '' });
    expect((await prepare()).message).toContain('stagegate_override.tf: this name is taken');
  });
});

describe('the variables that Stagegate sets', () => {
  const variable = (name: string, more = '') => `variable "${name}" {\n  type = string\n${more}}\n`;
  const wanted = (mode: 'required' | 'when-declared', value: unknown, name = 'size') => ({
    STAGEGATE_VARIABLES: JSON.stringify({ [name]: { value, mode } }),
  });

  it.each([
    ['in HCL', 'variables.tf', variable('size')],
    ['in JSON', 'variables.tf.json', '{ "variable": { "size": { "type": "string" } } }'],
    ['in a list of JSON', 'variables.tf.json', '[{ "variable": [{ "size": {} }] }]'],
    ['behind others', 'variables.tf', `/* variable "x" {} */\n${variable('other')}${resource}${variable('size')}`],
  ])('are written where the directory declares them %s', async (_, file, text) => {
    write({ [`${directory}/main.tf`]: resource, [`${directory}/${file}`]: text });
    expect((await prepare(wanted('required', 'large'))).ok).toBe(true);
    expect(varFile).toEqual({ size: 'large' });
    expect((await prepare(wanted('when-declared', ['a', { b: 1 }]))).ok).toBe(true);
    expect(varFile).toEqual({ size: ['a', { b: 1 }] });
  });

  it.each([
    ['nowhere', 'main.tf', ''],
    ['in a comment', 'main.tf', '# variable "size" {}\n'],
    ['in a text', 'main.tf', 'locals {\n  text = <<EOT\nvariable "size" {}\nEOT\n}\n'],
    ['in another block', 'main.tf', 'resource "variable" "size" {}\n'],
    ['by a value alone', 'terraform.tfvars', 'size = "x"\n'],
    ['in a module of its own', 'module/main.tf', variable('size')],
    ['for OpenTofu', 'main.tofu', variable('size')],
  ])('are refused when required and declared %s, else left out', async (_, file, text) => {
    write({ [`${directory}/first.tf`]: resource, [`${directory}/${file}`]: text });
    expect(await prepare(wanted('required', 'large'))).toMatchObject({
      ok: false,
      phase: 'variables',
      message: `the directory "${directory}" must declare "size": this environment gets a value for it`,
    });
    expect((await prepare(wanted('when-declared', 'large'))).ok).toBe(true);
    expect(varFile).toEqual({});
  });

  it('are all named when several are missing', async () => {
    write({ [`${directory}/main.tf`]: resource });
    const both = { a: { value: 1, mode: 'required' }, b: { value: 2, mode: 'required' } };
    expect((await prepare({ STAGEGATE_VARIABLES: JSON.stringify(both) })).message).toContain('must declare "a", "b"');
  });

  it.each(['sensitive = true', 'ephemeral = true', 'sensitive = "true"'])(
    'are refused when required and %s',
    async (property) => {
      write({ [`${directory}/main.tf`]: `${resource}${variable('size', `  ${property}\n`)}` });
      expect(await prepare(wanted('required', 'large'))).toMatchObject({ ok: false, phase: 'variables' });
      expect((await prepare(wanted('when-declared', 'large'))).ok).toBe(true);
    },
  );

  it.each([
    ['terraform.tfvars', 'other = 1\nsize = "small"\n', 2],
    ['terraform.tfvars.json', '{\n  "size": "small"\n}', 2],
    ['z.auto.tfvars', 'size = ["large"]\n', 1],
    ['z.auto.tfvars.json', '{ "size": null }', 1],
    ['.hidden.auto.tfvars', 'size = "small"\n', 1],
  ])('are refused when a different value stands in %s, unless required', async (file, text, line) => {
    write({ [`${directory}/main.tf`]: `${resource}${variable('size')}`, [`${directory}/${file}`]: text });
    expect(await prepare(wanted('when-declared', 'large'))).toMatchObject({
      ok: false,
      phase: 'variables',
      message: `${directory}/${file}:${line}: "size" is not what Stagegate sets it to, "large"; remove the line`,
    });
    expect((await prepare(wanted('required', 'large'))).ok).toBe(true);
    expect(varFile).toEqual({ size: 'large' });
  });

  it('are taken when the same value stands there, or a different one in a file nobody reads', async () => {
    write({
      [`${directory}/main.tf`]: `${resource}${variable('size')}`,
      [`${directory}/terraform.tfvars`]: 'size = "large"\n',
      [`${directory}/a.auto.tfvars.json`]: '{ "size": "large" }',
      [`${directory}/other.tfvars`]: 'size = "small"\n',
    });
    expect((await prepare(wanted('when-declared', 'large'))).ok).toBe(true);
    expect(varFile).toEqual({ size: 'large' });
  });

  it.each([['{'], ['[]'], ['{"a":{"mode":"required"}}'], ['{"a":{"value":1,"mode":"maybe"}}']])(
    'are refused when they come as %s',
    async (text) => {
      write({ [`${directory}/main.tf`]: resource });
      const { ok, phase, message } = await prepare({ STAGEGATE_VARIABLES: text });
      expect([ok, phase]).toEqual([false, 'variables']);
      expect(message).toContain('STAGEGATE_VARIABLES');
    },
  );

  it('are refused when a file of values is no JSON, naming it', async () => {
    write({ [`${directory}/main.tf`]: resource, [`${directory}/terraform.tfvars.json`]: '{' });
    expect(await prepare()).toMatchObject({ phase: 'variables' });
    expect((await prepare()).message).toBe(`${directory}/terraform.tfvars.json:1: this is no JSON`);
  });
});

it('names every variable that is missing or wrong at once', async () => {
  write({ [`${directory}/main.tf`]: resource });
  const { ok, output } = await prepare({ STAGEGATE_ENGINE: 'pulumi', STAGEGATE_TICKET: '' });
  expect([ok, output.includes('STAGEGATE_ENGINE'), output.includes('STAGEGATE_TICKET')]).toEqual([false, true, true]);
});
