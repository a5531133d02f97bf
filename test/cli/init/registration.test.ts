import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { LOCAL_CLOUD, PRINCIPAL_HEADER } from '../../../cli/connection/connection.ts';
import { accountCommands } from '../../../cli/init/account-commands.ts';
import { accountHintsIn } from '../../../cli/init/account-hints.ts';
import { applicationsIn, environmentsIn } from '../../../cli/init/environment-directories.ts';
import { installationIn } from '../../../cli/init/installation-of.ts';
import { LOCAL_EXAMPLE_PATH, type LocalExample, LocalExampleSchema } from '../../../cli/init/local-example.ts';
import { planRegistration } from '../../../cli/init/plan-registration.ts';
import { requestsFor } from '../../../cli/init/registration-requests.ts';
import { type InitOptions, wishesOf } from '../../../cli/init/wishes-of-options.ts';
import { registrationOf } from '../../../local/demo/registration.ts';
import { readOptions } from '../../../local/options.ts';
import { exampleRoutes } from '../../../local/pages/example-page.ts';
import { PRINCIPAL_HEADER as HEADER_OF_LOCAL_CLOUD } from '../../../local/services/api-gateway/payload.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'init-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(path: string, text = ''): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

describe('the directories of a working copy', () => {
  test('are environments in the order of a pipeline, where they have configuration and a name that can be one', () => {
    for (const name of ['prod1', 'dev10', 'dev2', 'stage1', 'staging-eu', '_shared', '.terraform', 'Dev3'])
      write(`apps/shop/${name}/main.tf`);
    write('apps/shop/docs/README.md');
    write('apps/shop/qa/main.tf.json', '{}');
    write('apps/only-docs/README.md');
    write('apps/other/dev1/main.tofu');
    expect(applicationsIn(root)).toEqual(['other', 'shop']);
    expect(environmentsIn(root, 'shop').map(({ name, stage }) => [name, stage])).toEqual([
      ['dev2', 'development'],
      ['dev10', 'development'],
      ['stage1', 'staging'],
      ['staging-eu', 'staging'],
      ['prod1', 'production'],
      ['qa', undefined],
    ]);
    expect(environmentsIn(root, 'other')).toMatchObject([{ isOfTofu: true }]);
    expect(environmentsIn(root, 'none')).toEqual([]);
  });

  test.each([
    [
      'allowed_account_ids = ["111111111111"]\n  region = "eu-west-1"',
      '',
      { accountId: '111111111111', region: 'eu-west-1' },
    ],
    ['assume_role {\n    role_arn = "arn:aws:iam::222222222222:role/x"\n  }', '', { accountId: '222222222222' }],
    ['allowed_account_ids = ["111111111111", "222222222222"]', '', {}],
    ['allowed_account_ids = [111111111111]', '', { accountId: '111111111111' }],
    ['region = var.region', 'region = "eu-central-1"', { region: 'eu-central-1' }],
    ['region = var.region', '', {}],
    ['region = "nowhere"', '', {}],
    ['alias = "us"\n  region = "us-east-1"', '', {}],
  ])('say account and region: %s', (provider, values, hints) => {
    write('apps/shop/dev1/main.tf', `provider "aws" {\n  ${provider}\n}\n`);
    write('apps/shop/dev1/terraform.tfvars', values);
    expect(accountHintsIn(root, 'apps/shop/dev1', 'terraform')).toEqual(hints);
  });

  test('say the region by the backend only if no provider does', () => {
    write('apps/shop/dev1/backend.tf.json', '{"terraform":{"backend":{"s3":{"region":"eu-west-3"}}}}');
    expect(accountHintsIn(root, 'apps/shop/dev1', 'terraform')).toEqual({ region: 'eu-west-3' });
    write('apps/shop/dev1/main.tf', 'provider "aws" {\n  region = "eu-west-1"\n}\n');
    expect(accountHintsIn(root, 'apps/shop/dev1', 'terraform')).toEqual({ region: 'eu-west-1' });
  });
});

describe('what is to be registered', () => {
  const url = 'https://github.com/acme/config.git';
  const plan = (
    options: InitOptions = {},
    more: { ask?: (question: string) => Promise<string>; example?: LocalExample } = {},
  ) =>
    planRegistration({
      application: 'shop',
      repository: { root, url, directory: undefined, branch: 'trunk' },
      directories: environmentsIn(root, 'shop'),
      wishes: wishesOf(options),
      example: more.example,
      ask: more.ask,
    });

  beforeEach(() => {
    for (const name of ['dev1', 'stage1', 'prod1']) write(`apps/shop/${name}/main.tf`);
  });

  test('comes from options first', async () => {
    write('apps/shop/dev1/main.tf', 'provider "aws" {\n  region = "eu-west-2"\n}\n');
    const options = {
      account: '444444444444,prod1=333333333333',
      accountRegion: 'dev1=eu-west-1,us-east-1',
      staff: 'Ops@example.com=arn:aws:iam::1:user/x=y',
    };
    expect(await plan(options)).toEqual({
      application: 'shop',
      settings: {
        client: 'acme',
        configRepository: { url, branch: 'trunk' },
        engine: 'terraform',
        pipeline: ['dev1', 'stage1', 'prod1'],
      },
      environments: [
        { name: 'dev1', settings: { stage: 'development', accountId: '444444444444', region: 'eu-west-1' } },
        { name: 'stage1', settings: { stage: 'staging', accountId: '444444444444', region: 'us-east-1' } },
        { name: 'prod1', settings: { stage: 'production', accountId: '333333333333', region: 'us-east-1' } },
      ],
      approvers: [{ email: 'ops@example.com', gates: ['staff'], principals: ['arn:aws:iam::1:user/x=y'] }],
    });
  });

  test('comes from a local cloud where nothing else says it, by name and else by stage', async () => {
    write('apps/shop/prod2/main.tf');
    const example = LocalExampleSchema.parse({ ...registrationOf('opentofu'), directory: null });
    const wanted = await plan({}, { example });
    const accounts = wanted.environments.map(({ settings }) => settings.accountId);
    expect(accounts).toEqual(['111111111111', '222222222222', '333333333333', '333333333333']);
    expect(wanted).toMatchObject({
      settings: { engine: 'opentofu', client: 'acme', configRepository: { url, branch: 'trunk' } },
      approvers: [{ gates: ['staff'] }, { gates: ['client'] }],
    });
  });

  test('is asked for on a terminal, again if the answer is none', async () => {
    write('apps/shop/qa/main.tf');
    const questions: string[] = [];
    const answers = ['', 'test', 'staging', '12', '555555555555', ''];
    const ask = async (question: string) => {
      questions.push(question);
      return answers[questions.length - 1] ?? '';
    };
    const options = {
      account: 'dev1=111111111111,stage1=222222222222,prod1=333333333333',
      accountRegion: 'eu-west-1',
    };
    await expect(plan(options, { ask })).rejects.toThrow('the stage of qa is not known');
    const { environments, settings } = await plan(options, { ask });
    expect(environments[1]).toEqual({
      name: 'qa',
      settings: { stage: 'staging', accountId: '555555555555', region: 'eu-west-1' },
    });
    expect(settings.client).toBe('acme');
    expect(questions).toHaveLength(6);
  });

  test.each<[InitOptions, string]>([
    [{}, 'the account of dev1 is not known'],
    [{ account: '111111111111' }, 'the region of dev1 is not known'],
    [{ account: '1' }, '--account: "1" is not a 12-digit AWS account id'],
    [{ account: 'dev2=111111111111' }, '--account names "dev2", and there are dev1, stage1, prod1'],
    [{ accountRegion: 'Ireland' }, '--account-region: "Ireland"'],
    [{ stage: 'dev1=test' }, '--stage: "test" is not development, staging or production'],
    [{ staff: 'ops' }, '--staff: "ops" is not an e-mail address'],
    [{ staff: 'a@example.com', client: 'b@example.com,A@example.com' }, 'name a@example.com twice'],
    [{ staff: 'a@example.com,a@example.com' }, 'name a@example.com twice'],
    [{ provider: 'gitea' }, '--provider: "gitea" is none of'],
    [{ engine: 'pulumi' }, '--engine: "pulumi"'],
  ])('is refused where it is wrong or not known: %j', async (options, message) => {
    await expect((async () => plan(options))()).rejects.toThrow(message);
  });
});

describe('the requests', () => {
  const configRepository = { url: 'https://github.com/acme/config.git', branch: 'main' };
  const settings = { client: 'acme', configRepository, engine: 'terraform' as const, pipeline: ['dev1', 'stage1'] };
  const place = { stage: 'development' as const, accountId: '111111111111', region: 'eu-west-1' };
  const wanted = {
    application: 'shop',
    settings,
    environments: [{ name: 'dev1', settings: place }],
    approvers: [{ email: 'ops@example.com', gates: ['staff'] as ['staff'], principals: [] }],
  };

  test('are for everything, where nothing is registered', () => {
    expect(requestsFor(wanted, undefined)).toMatchObject({
      requests: [
        { path: '/applications/shop', body: settings },
        { path: '/applications/shop/environments/dev1', body: place },
        { path: '/applications/shop/approvers/ops@example.com', body: { gates: ['staff'], principals: [] } },
      ],
      differences: [],
    });
  });

  test('are none, where all of it is registered', () => {
    const registered = {
      application: { ...settings, configRepository: { url: 'git@github.com:Acme/config', branch: 'main' } },
      environments: [{ name: 'dev1', ...place }],
      approvers: [{ email: 'ops@example.com', gates: ['staff'] }],
    };
    expect(requestsFor(wanted, registered)).toEqual({ requests: [], differences: [] });
  });

  test('are only for what is missing; what differs is told and stays', () => {
    const registered = {
      application: {
        ...settings,
        configRepository: { url: 'https://github.com/acme/other.git', branch: 'main' },
        pipeline: ['stage1', 'prod1'],
      },
      environments: [{ name: 'stage1', ...place, accountId: '999999999999' }],
      approvers: [{ email: 'ops@example.com', gates: ['client'] }],
    };
    const environments = ['dev1', 'stage1'].map((name) => ({ name, settings: place }));
    expect(requestsFor({ ...wanted, environments }, registered)).toEqual({
      requests: [],
      differences: [
        'configRepository.url is https://github.com/acme/other.git, not https://github.com/acme/config.git',
        'the pipeline has prod1, which has no directory here',
        'dev1 has a directory, and is not in the pipeline (stage1, prod1)',
        'stage1: accountId is 999999999999, not 111111111111',
        'ops@example.com decides for client, not for staff',
      ],
    });
  });
});

test('the commands for the accounts name everything that they need', () => {
  const environments = [{ name: 'dev1', accountId: '111111111111', region: 'eu-west-1' }];
  const commands = accountCommands({ application: 'shop', environments, installation: 'trial', region: 'eu-west-1' });
  expect(commands).toContain('--stack-name Stagegate-trial ');
  expect(commands).toContain('--application shop --environment dev1 --installation trial');
  expect(commands).not.toMatch(/<[a-z]/i);
});

test.each([
  [{ plan: 'arn:aws:iam::111111111111:role/trial-shop-dev1-plan' }, 'trial'],
  [{ plan: 'arn:aws:iam::1:role/team/own', apply: 'arn:aws:iam::1:role/stagegate-shop-dev1-apply' }, 'stagegate'],
  [{ plan: 'arn:aws:iam::111111111111:role/own' }, 'stagegate'],
])('the installation is known by the names of roles: %j', (roles, installation) => {
  expect(installationIn(roles, 'shop', 'dev1')).toBe(installation);
});

test('a local cloud is where the command line looks for it, and takes the name of the caller from the same header', () => {
  expect(LOCAL_CLOUD).toBe(`http://127.0.0.1:${readOptions([]).port}`);
  expect(PRINCIPAL_HEADER).toBe(HEADER_OF_LOCAL_CLOUD);
});

test('a local cloud offers what the command line reads', async () => {
  const page = exampleRoutes({ configRepository: root, path: '' })[LOCAL_EXAMPLE_PATH];
  const answer = await page?.({
    method: 'GET',
    path: LOCAL_EXAMPLE_PATH,
    query: {},
    headers: {},
    body: '',
  } as never);
  const example = LocalExampleSchema.parse(JSON.parse(String(answer?.body)));
  expect(Object.keys(example.environments)).toEqual(['dev1', 'stage1', 'prod1']);
  expect(example.directory).not.toBeNull();
});
