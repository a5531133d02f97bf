// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are templates of Terraform
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { encryptedPlanBy } from '../../buildspecs/program/configuration/encryption.ts';
import { planFailureOf } from './build-runs.ts';
import { DIRECTORY as directory, ProgramRun, resolveBackend } from './program-runs.ts';

const resource = 'resource "terraform_data" "one" {}\n';
const moduleFrom = (source: string) => `module "web" {\n  source = ${JSON.stringify(source)}\n}\n`;
let run: ProgramRun;
beforeEach(() => {
  run = new ProgramRun({ [`${directory}/first.tf`]: resource });
  // Works for both engines, because no version is reported.
  run.steps.init = (step) => {
    resolveBackend(step.directory);
    return {};
  };
});
afterEach(() => run.remove());

type Files = Parameters<ProgramRun['write']>[0];

/** Plans, as the first plan of a run. */
async function plan(files: Files, more: Readonly<Record<string, string>>) {
  run.write(files);
  run.artifacts.objects.clear();
  run.calls.length = 0;
  return (await run.plan(more)).result;
}

/** Returns why a checkout is not planned, and expects that the engine was never started. */
async function refusalOf(files: Files, more: Readonly<Record<string, string>> = {}) {
  const result = await plan(files, more);
  expect(run.commands).toEqual([]);
  return planFailureOf(result);
}

async function expectPlanned(files: Files, more: Readonly<Record<string, string>> = {}) {
  expect(await plan(files, more)).toMatchObject({ ok: true });
}

const OUTSIDE = 'lies outside of the repository';
const LINK = 'is, or has in it, a link that leads out of the repository';
const COMMAND = 'runs a command';

describe('the source of a module', () => {
  it.each([
    ['/opt/modules/web', OUTSIDE],
    ['/opt/modules//web', OUTSIDE],
    ['C:\\modules\\web', OUTSIDE],
    ['c:/modules/web', OUTSIDE],
    ['\\\\server\\modules', OUTSIDE],
    ['file:/opt/modules', OUTSIDE],
    ['file:///opt/modules//web?archive=false', OUTSIDE],
    ['FILE:///opt/modules', OUTSIDE],
    ['file::https://git.example/opt/modules', OUTSIDE],
    ['git::/opt/modules.git//web?ref=v1', OUTSIDE],
    ['git::file:///opt/modules.git?ref=v1', OUTSIDE],
    ['hg::/opt/modules', OUTSIDE],
    ['hg::file:///opt/modules', OUTSIDE],
    ['git::ext::sh -c touch% /tmp/x', COMMAND],
    ['GIT::EXT::sh', COMMAND],
    ['ext::sh', COMMAND],
    ['../../../../modules/web', OUTSIDE],
    ['./../../../../modules', OUTSIDE],
    ['..\\..\\..\\..\\modules', OUTSIDE],
    [`../../../../checkout/modules/web`, OUTSIDE],
  ])('%s is refused before the engine runs', async (source, why) => {
    expect(await refusalOf({ [`${directory}/main.tf`]: `\n${moduleFrom(source)}` })).toEqual({
      ok: false,
      phase: 'modules',
      reason: 'module-source',
      diagnostics: [],
      message: `${directory}/main.tf:3: the source of the module "web", "${source}", ${why}`,
    });
  });

  it.each([
    [
      'written with escapes',
      'main.tf',
      'module "web" {\n  source = "\\u002fopt/\\U0000006dodules"\n}\n',
      '/opt/modules',
    ],
    ['in JSON', 'main.tf.json', '{\n  "module": {\n    "web": {\n      "source": "/opt"\n}}}', '/opt'],
    ['in lists of JSON', 'main.tf.json', '[{\n  "module": [[{\n    "web": [{\n"source": "/opt"\n}]}]]}]', '/opt'],
    ['in JSON with escapes', 'main.tf.json', '{"m\\u006fdule":{"web":{"\\u0073ource":"\\u002fopt"}}}', '/opt'],
    ['behind a name that is there twice', 'main.tf.json', '{"module":{"web":{"source":"/opt"}},"module":{}}', '/opt'],
    ['in an override', 'main_override.tf', moduleFrom('/opt'), '/opt'],
    ['that goes on with a variable', 'main.tf', 'module "web" {\n  source = "/opt/${var.name}"\n}\n', '/opt/…'],
    [
      'that goes on with a variable in JSON',
      'main.tf.json',
      '{"module":{"web":{"source":"/opt/${var.name}"}}}',
      '/opt/…',
    ],
    ['in a heredoc', 'main.tf', 'module "web" {\n  source = <<EOT\n/opt\nEOT\n}\n', '/opt…'],
  ])('is refused %s', async (_, file, text, source) => {
    const { message, reason } = await refusalOf({ [`${directory}/${file}`]: text });
    expect(reason).toBe('module-source');
    expect(message).toMatch(new RegExp(`^${directory}/${file}:\\d+: the source of the module "web", `));
    expect(message).toContain(`"web", "${source}", ${OUTSIDE}`);
  });

  const RUN = 'git::ext::sh -c touch% /tmp/x';
  it.each([
    ['a text in a text', 'main.tf', `"\${"${RUN}"}"`],
    ['in parentheses', 'main.tf', `("${RUN}")`],
    ['one of two', 'main.tf', `true ? "${RUN}" : "../x"`],
    ['in parts', 'main.tf', '"git::${"ext"}::sh%{ if true } -c%{ endif } touch% /tmp/x"'],
    ['in a list', 'main.tf', `["${RUN}"][0]`],
    ['in JSON', 'main.tf.json', `\${\\"${RUN}\\"}`],
  ])(
    'that runs a command is refused before the engine runs, also if it has to be evaluated: %s',
    async (_, file, source) => {
      const text =
        file === 'main.tf' ? moduleFrom('x').replace('"x"', () => source) : `{"module":{"web":{"source":"${source}"}}}`;
      const { message } = await refusalOf({ [`${directory}/${file}`]: text });
      expect(message).toMatch(/the source of the module "web", "git::ext::sh.* touch% \/tmp\/x", runs a command$/);
    },
  );

  it('is refused in *.tofu for OpenTofu only', async () => {
    const files = { [`${directory}/main.tofu`]: moduleFrom('/opt') };
    await expectPlanned(files);
    expect((await refusalOf(files, { STAGEGATE_ENGINE: 'tofu' })).message).toContain(`${directory}/main.tofu:2: `);
  });

  it.each([
    ['a module', { 'modules/web/main.tf': moduleFrom('/opt') }, 'modules/web/main.tf:2'],
    [
      'a module of a module, which names the first one again',
      {
        'modules/web/main.tf': `${moduleFrom('./inner')}${moduleFrom('../web')}`,
        'modules/web/inner/main.tf.json': '{"module":{"web":{"source":"git::/opt"}}}',
      },
      'modules/web/inner/main.tf.json:1',
    ],
    [
      'a module behind a link',
      { 'modules/web': { link: 'v2' }, 'modules/v2/a.tf': moduleFrom('file:/opt') },
      'modules/web/a.tf:2',
    ],
    ['a module of a module', { 'modules/web/main.tf': moduleFrom('../../../x') }, 'modules/web/main.tf:2'],
  ])('is refused in %s of the repository', async (_, files: Files, place) => {
    const { message } = await refusalOf({ [`${directory}/main.tf`]: moduleFrom('../../../modules/web'), ...files });
    expect(message).toMatch(new RegExp(`^${place}: the source of the module "web", `));
    expect(message).toContain(OUTSIDE);
  });

  it.each([
    './inner',
    '.\\inner',
    '../../../modules/web',
    '../../../apps/shop/dev1/inner//',
    'hashicorp/consul/aws',
    'git::https://git.example/modules.git//web?ref=v1',
    'git@git.example:modules.git',
    'git::ssh://git@git.example/modules.git',
    'https://example.com/module.zip?x=file:///opt',
    's3::https://s3.amazonaws.com/bucket/module.zip',
    'git::codecommit::eu-west-1://modules',
    'filestore/web/aws',
    '../../../modules/is-not-there',
  ])('%s is left to the engine', async (source) => {
    await expectPlanned({
      [`${directory}/main.tf`]: moduleFrom(source),
      [`${directory}/inner/main.tf`]: resource,
      'modules/web/main.tf': resource,
    });
  });

  it.each([
    ['has to be evaluated', 'module "web" {\n  source = "${path.module}/opt"\n}\n'],
    ['is chosen', 'module "web" {\n  source = var.is_local ? "/opt" : "hashicorp/consul/aws"\n}\n'],
    ['is spelled with an escaped template', 'module "web" {\n  source = "$${/opt}"\n}\n'],
    ['is in a text', 'locals {\n  text = <<EOT\nmodule "web" {\n  source = "/opt"\n}\nEOT\n}\n'],
  ])('is left to the engine where it %s', async (_, text) => {
    await expectPlanned({ [`${directory}/main.tf`]: text });
  });

  it('in a directory that no module leads to, or in a file that cannot be read there, is nothing to this environment', async () => {
    await expectPlanned({
      [`${directory}/main.tf`]: moduleFrom('../../../modules/web'),
      'modules/web/broken.tf': 'module "x" {',
      'modules/web/broken.tf.json': '{',
      'modules/other/main.tf': moduleFrom('/opt'),
      'apps/shop/stage1/main.tf': moduleFrom('/opt'),
    });
  });
});

describe('the encryption of OpenTofu', () => {
  const encryption = (text: string) => `terraform {\n  encryption {\n    ${text}\n  }\n}\n`;

  it.each([
    ['a key provider', 'main.tf', encryption('key_provider "external" "mine" {}'), 3, 'key_provider'],
    ['a method', 'main.tf', encryption('method "external" "mine" {}'), 3, 'method'],
    ['a name without quotes', 'main.tf', encryption('key_provider external mine {}'), 3, 'key_provider'],
    ['an escaped name', 'main.tf', encryption('key_provider "\\u0065xternal" "mine" {}'), 3, 'key_provider'],
    ['an override', 'x_override.tf', encryption('method "external" "mine" {}'), 3, 'method'],
    [
      'JSON',
      'main.tf.json',
      '{"terraform":{"encryption":{\n"key_provider":{"external":{"mine":{}}}}},"terraform":{}}',
      2,
      'key_provider',
    ],
    [
      'lists of JSON',
      'main.tf.json',
      '[{"terraform":[{"encryption":[{\n"method":[{"external":[{"mine":[{}]}]}]}]}]}]',
      2,
      'method',
    ],
  ])('is refused where it runs a command, in %s, whatever the engine', async (_, file, text, line, kind) => {
    for (const engine of ['terraform', 'tofu'])
      expect(await refusalOf({ [`${directory}/${file}`]: text }, { STAGEGATE_ENGINE: engine })).toEqual({
        ok: false,
        phase: 'encryption',
        reason: 'encryption-command',
        diagnostics: [],
        message: `${directory}/${file}:${line}: the ${kind} "external" "mine" runs a command; builds run nothing of a repository before its plan`,
      });
  });

  it('is refused in *.tofu for OpenTofu', async () => {
    const files = {
      [`${directory}/main.tofu.json`]: '{"terraform":{"encryption":{"method":{"external":{"mine":{}}}}}}',
    };
    expect((await refusalOf(files, { STAGEGATE_ENGINE: 'tofu' })).message).toContain(`${directory}/main.tofu.json:1: `);
  });

  it.each(['profile', 'shared_config_files', 'access_key'])(
    'is refused where a KMS key is reached by %s',
    async (name) => {
      const text = encryption(
        `key_provider "aws_kms" "mine" {\n      kms_key_id = "x"\n      ${name} = ["./aws"]\n    }`,
      );
      const { reason, message } = await refusalOf({ [`${directory}/main.tf`]: text });
      expect([reason, message]).toEqual([
        'encryption-command',
        `${directory}/main.tf:5: the argument "${name}" of the key_provider "aws_kms" "mine" brings credentials of its own; builds use the environment's role`,
      ]);
    },
  );

  const passphrase =
    'key_provider "pbkdf2" "mine" {\n passphrase = var.passphrase\n}\nmethod "aes_gcm" "mine" {\n keys = key_provider.pbkdf2.mine\n}\n';

  it('is left to the engine with keys of other kinds, and in modules, where it counts for nothing', async () => {
    await expectPlanned(
      {
        [`${directory}/main.tf`]: `${encryption(passphrase)}${moduleFrom('./inner')}`,
        [`${directory}/inner/main.tf`]: encryption('method "external" "mine" {}'),
      },
      { STAGEGATE_ENGINE: 'tofu' },
    );
  });

  describe('of plans', () => {
    const encryptionOf = (files: Readonly<Record<string, string>>) => {
      for (const [name, text] of Object.entries(files)) run.write({ [`seen/${name}`]: text });
      return encryptedPlanBy(join(run.checkout, 'seen'));
    };
    const ofPlan = 'plan {\n method = method.aes_gcm.mine\n}';

    it('is told with the key providers that its method names, and those behind them', async () => {
      const chained =
        'key_provider "aws_kms" "main" {}\nkey_provider "openbao" "unused" {}\nkey_provider "pbkdf2" "mine" {\n chain = key_provider.aws_kms.main\n}\nmethod "aes_gcm" "mine" {\n keys = key_provider.pbkdf2.mine\n}\n';
      expect(await encryptionOf({ 'main.tf': encryption(`${chained}${ofPlan}`) })).toEqual({
        file: 'main.tf',
        line: 11,
        keyProviders: ['pbkdf2.mine', 'aws_kms.main'],
      });
    });

    it('is told in JSON', async () => {
      const text = JSON.stringify({
        terraform: {
          encryption: {
            key_provider: { gcp_kms: { main: {} } },
            method: { aes_gcm: { mine: { keys: '${key_provider.gcp_kms.main}' } } },
            plan: { method: '${method.aes_gcm.mine}' },
          },
        },
      });
      expect(await encryptionOf({ 'main.tofu.json': text })).toEqual({
        file: 'main.tofu.json',
        line: 1,
        keyProviders: ['gcp_kms.main'],
      });
    });

    it('is told where no key provider can be, rather than taken for none', async () => {
      expect(await encryptionOf({ 'main.tf': encryption('plan {\n method = local.mine\n}') })).toMatchObject({
        keyProviders: [],
      });
    });

    it.each([
      ['there is none', resource],
      ['only the state is encrypted', encryption(`${passphrase}state {\n method = method.aes_gcm.mine\n}`)],
      ['it is turned off', encryption('method "unencrypted" "no" {}\nplan {\n method = method.unencrypted.no\n}')],
    ])('is nothing where %s', async (_, text) => {
      expect(await encryptionOf({ 'main.tf': text })).toBeUndefined();
    });

    it('is what the last file says, which is an override', async () => {
      const files = {
        'main.tf': encryption(`${passphrase}${ofPlan}`),
        'z_override.tf': encryption('method "unencrypted" "no" {}\nplan {\n method = method.unencrypted.no\n}'),
      };
      expect(await encryptionOf(files)).toBeUndefined();
    });
  });
});

describe('a module that "init" has installed', () => {
  const own = { Key: 'web', Source: '../../../modules/web', Dir: '../../../modules/web' };
  const fetched = {
    Key: 'web.inner',
    Source: 'git::https://git.example/modules.git',
    Dir: '.terraform/modules/web.inner',
  };

  /** Plans with an `init` that leaves this manifest, and these links, by their paths in the environment's directory. */
  async function planWith(manifest: string, links: Readonly<Record<string, string>> = {}) {
    run.write({ 'modules/web/main.tf': resource });
    const { init } = run.steps;
    run.steps.init = (step) => {
      const modules = join(step.directory, '.terraform', 'modules');
      mkdirSync(join(modules, 'here'), { recursive: true });
      writeFileSync(join(modules, 'modules.json'), manifest);
      for (const [place, target] of Object.entries(links)) symlinkSync(target, join(step.directory, place));
      return init?.(step) ?? {};
    };
    const { result } = await run.plan();
    return { result, commands: run.commands };
  }
  const manifestOf = (...modules: readonly object[]) =>
    JSON.stringify({ Modules: [{ Key: '', Source: '', Dir: '.' }, own, ...modules] });

  it('is taken where it lies in the repository, or was fetched', async () => {
    const { result } = await planWith(manifestOf({ ...fetched, Dir: '.terraform/modules/here', Version: '1.0.0' }));
    expect(result).toMatchObject({ ok: true });
  });

  it.each([
    ['by its source', { ...fetched, Source: 'file:///opt/modules' }, OUTSIDE],
    ['by what git is told', { ...fetched, Source: 'git::file:///opt/modules.git' }, OUTSIDE],
    ['by its directory', { ...fetched, Dir: '../../../../outside' }, OUTSIDE],
    ['by an absolute directory', { ...fetched, Dir: '/opt/modules' }, OUTSIDE],
    ['by a link', { ...fetched, Dir: '.terraform/modules/link' }, LINK],
    ['below a link', { ...fetched, Dir: '.terraform/modules/link/share' }, LINK],
    ['by a link to nothing', { ...fetched, Dir: '.terraform/modules/dangling' }, LINK],
    ['by a file that is a link', { ...fetched, Dir: '.terraform/modules/here' }, LINK],
  ])('is refused before the plan where it is of another place, %s', async (_, module, why) => {
    const links = {
      '.terraform/modules/link': '/usr',
      '.terraform/modules/dangling': '/is/not/there',
      '.terraform/modules/here/main.tf': '/etc/hostname',
    };
    const { result, commands } = await planWith(manifestOf(module), links);
    expect(commands).toEqual(['init']);
    expect(planFailureOf(result)).toMatchObject({
      phase: 'modules',
      reason: 'module-source',
      message: `the module "web.inner" from "${module.Source}" ${why}`,
    });
  });

  it.each(['', '{}', '{"Modules":[{"Key":"web"}]}'])(
    'is refused where the list of modules is "%s"',
    async (manifest) => {
      const { result, commands } = await planWith(manifest);
      expect(commands).toEqual(['init']);
      expect(planFailureOf(result)).toMatchObject({
        phase: 'modules',
        message: 'what "init" wrote of the modules (.terraform/modules/modules.json) cannot be read',
      });
    },
  );
});
