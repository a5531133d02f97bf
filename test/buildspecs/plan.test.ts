import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetObjectCommand, ListObjectVersionsCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runObjectKey } from '../../lambdas/domain/contract/run-objects.ts';
import { buildsOutsideOfJest } from '../harness/outside-of-jest.ts';
import { createGitRepository, type GitRepository } from '../local/codebuild/git-repository.ts';
import {
  artifactBucket,
  type BuildCloud,
  openBuildCloud,
  region,
  stateBucket,
  stateKeyOf,
  targetAccountId,
} from '../local/codebuild/open-build-cloud.ts';
import { appliedOf, apply, environmentOf, plan, planFailureOf, plannedOf, type Run } from './build-runs.ts';

const resource = 'resource "terraform_data" "one" {\n  input = "a"\n}\n';
const PROVIDER = 'provider["terraform.io/builtin/terraform"]';
let cloud: BuildCloud;
beforeAll(async () => {
  cloud = await openBuildCloud({ standIn: await buildsOutsideOfJest() });
});
afterAll(() => cloud.close());

let environments = 0;
/** Commits files of one new environment, by file name in its directory. */
function newEnvironment(files: Readonly<Record<string, string | { link: string }>>) {
  const environment = environmentOf(`dev${++environments}`);
  cloud.addEnvironment(environment);
  const directory = `apps/shop/${environment.name}`;
  const commit = cloud.repository.commit(
    Object.fromEntries(Object.entries(files).map(([name, text]) => [`${directory}/${name}`, text])),
  );
  return { environment, commit, directory };
}

async function planFiles(files: Readonly<Record<string, string | { link: string }>>, more = {}) {
  const { environment, commit, directory } = newEnvironment(files);
  return { ...(await plan(cloud, environment, commit, more)), environment, commit, directory };
}

async function readObject(address: { key: string; versionId?: string }): Promise<Buffer> {
  const { Body } = await cloud.objects.send(
    new GetObjectCommand({ Bucket: artifactBucket, Key: address.key, VersionId: address.versionId }),
  );
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
}

const readTree = (prefix: string): Promise<Buffer> => readObject({ key: runObjectKey(prefix, 'tree') });

function listArchive(archive: Buffer): string[] {
  const directory = mkdtempSync(join(tmpdir(), 'stagegate-archive-'));
  writeFileSync(join(directory, 'bundle.tar.gz'), archive);
  const names = execFileSync('tar', ['-tzf', join(directory, 'bundle.tar.gz')], { encoding: 'utf8' })
    .trim()
    .split('\n');
  rmSync(directory, { recursive: true });
  return names;
}

const namesBelow = async (prefix: string) => {
  const { Versions } = await cloud.objects.send(
    new ListObjectVersionsCommand({ Bucket: artifactBucket, Prefix: prefix }),
  );
  return (Versions ?? []).map(({ Key }) => Key?.slice(prefix.length)).sort();
};

const failureOf = ({ result }: Pick<Run, 'result'>) => planFailureOf(result);

describe('a plan', () => {
  it('reads and locks the state in the session that the broker answered with, and assumes nothing by itself', async () => {
    const before = cloud.door.calls.list().length;
    const { environment, variables, result, log } = await planFiles({ 'main.tf': resource });
    plannedOf({ result, log });
    const calls = cloud.door.calls.list().slice(before);
    const ofState = calls.filter(({ permissions }) =>
      permissions.some(({ resources }) => resources.some((arn) => arn.includes(stateKeyOf(environment)))),
    );
    const session = `stagegate-shop-${environment.name}-plan/${variables.STAGEGATE_DEPLOYMENT_ID}`;
    expect([...new Set(ofState.map(({ caller }) => caller))]).toEqual([
      `arn:aws:sts::${targetAccountId}:assumed-role/${session}`,
    ]);
    expect(ofState.map(({ operation }) => operation)).toEqual(expect.arrayContaining(['GetObject', 'PutObject']));
    const assuming = calls.filter(({ operation }) => operation === 'AssumeRole');
    expect(assuming.map(({ caller }) => caller.includes('/stagegate-credentials/'))).toEqual([true]);
  });

  it('uploads the tree, the bundle, the plan as JSON and the modules, and says where', async () => {
    cloud.repository.commit({
      'modules/thing/main.tf': resource,
      'docs/.terraform/x': 'left out',
      'shared/file.txt': 'text',
    });
    const { environment, commit } = newEnvironment({
      'main.tf':
        'module "thing" {\n  source = "../../../modules/thing"\n}\noutput "text" {\n  value = file("../../../shared/file.txt")\n}\n',
    });
    const { build, result, log, prefix } = await plan(cloud, environment, commit);
    expect(build.buildStatus).toBe('SUCCEEDED');
    const planned = plannedOf({ result, log });
    expect(planned).toMatchObject({
      operation: 'deploy',
      exitCode: 2,
      backend: {
        type: 's3',
        bucket: stateBucket,
        key: `apps/shop/${environment.name}/terraform.tfstate`,
        region: 'eu-west-1',
      },
      state: null,
    });
    const bundle = await readObject(planned.bundle);
    expect(createHash('sha256').update(bundle).digest('hex')).toBe(planned.digest);
    expect(listArchive(bundle)).toEqual(['plan.tfplan', 'tree.sha256']);
    const names = listArchive(await readTree(prefix));
    expect(names).toEqual([...names].sort());
    expect(names).toEqual(
      expect.arrayContaining([
        'backend-arguments',
        'engine.json',
        'variables.tfvars.json',
        `tree/apps/shop/${environment.name}/main.tf`,
        `tree/apps/shop/${environment.name}/stagegate_override.tf`,
        'tree/modules/thing/main.tf',
        'tree/shared/file.txt',
      ]),
    );
    expect(
      names.filter(
        (name) => name.includes('.git/') || name.includes('.terraform/x') || name.includes('.terraform/providers'),
      ),
    ).toEqual([]);
    const planJson = JSON.parse((await readObject(planned.planJson)).toString());
    expect(planJson.resource_changes.map(({ address }: { address: string }) => address)).toEqual([
      'module.thing.terraform_data.one',
    ]);
    const modules = JSON.parse((await readObject(planned.modules)).toString());
    expect(modules.Modules.map(({ Key }: { Key: string }) => Key)).toContain('thing');
    expect(await namesBelow(prefix)).toEqual([
      'plan/bundle.tar.gz',
      'plan/identities.json',
      'plan/modules.json',
      'plan/plan.json',
      'plan/reads.json',
      'plan/result.json',
      'plan/tree.tar.gz',
    ]);
    expect(log).toContain('module.thing.terraform_data.one: plan to create');
  });

  it('without changes ends with exit code 0 and knows the state it was made for', async () => {
    const first = await planFiles({ 'main.tf': resource });
    await apply(cloud, first.environment, first);
    const second = plannedOf(await plan(cloud, first.environment, first.commit));
    expect(second).toMatchObject({
      exitCode: 0,
      state: { serial: 1, lineage: expect.stringMatching(/^[0-9a-f-]{36}$/) },
    });
  });

  it('to destroy plans the deletion of everything', async () => {
    const first = await planFiles({ 'main.tf': resource });
    await apply(cloud, first.environment, first);
    const { result, log } = await plan(cloud, first.environment, first.commit, { STAGEGATE_OPERATION: 'destroy' });
    expect(plannedOf({ result, log })).toMatchObject({ operation: 'destroy', exitCode: 2 });
    expect(log).toContain('terraform_data.one: plan to delete');
  });

  it('uses git modules, and carries them in the bundle', async () => {
    const modules = createGitRepository();
    modules.commit({ 'modules/web/main.tf': resource });
    modules.git('tag', 'web-v1.2.0');
    const mapped = {
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: `url.${modules.directory}.insteadOf`,
      GIT_CONFIG_VALUE_0: 'https://git.example.com/modules.git',
    };
    const source = 'git::https://git.example.com/modules.git//modules/web?ref=web-v1.2.0';
    const run = await withEnvironment(mapped, async () => {
      const planned = await planFiles({ 'main.tf': `module "web" {\n  source = "${source}"\n}\n` });
      modules.remove();
      return { planned, applied: await apply(cloud, planned.environment, planned) };
    });
    const planned = plannedOf(run.planned);
    expect(JSON.parse((await readObject(planned.modules)).toString()).Modules).toEqual(
      expect.arrayContaining([expect.objectContaining({ Key: 'web', Source: source })]),
    );
    // The repository of the module is gone by now. So the apply used the module that the plan had used.
    expect(appliedOf(run.applied.result)).toEqual({ ok: true, applied: 'yes', resources: 1, resourcesLeft: 1 });
  });

  it('leaves nothing of its work behind', async () => {
    const { environment } = await planFiles({ 'main.tf': resource });
    const left = execFileSync('find', [join(cloud.directory, 'files'), '-name', environment.name], {
      encoding: 'utf8',
    });
    expect(left).toBe('');
  });
});

async function withEnvironment<T>(variables: Readonly<Record<string, string>>, action: () => Promise<T>): Promise<T> {
  Object.assign(process.env, variables);
  try {
    return await action();
  } finally {
    for (const name of Object.keys(variables)) delete process.env[name];
  }
}

describe('the backend', () => {
  it('of the directory itself is used where it is complete', async () => {
    await cloud.s3.provisionersFor({ accountId: targetAccountId, region })['AWS::S3::Bucket']?.({
      logicalId: 'Old',
      type: 'AWS::S3::Bucket',
      generatedName: 'old',
      properties: { BucketName: 'team-state', VersioningConfiguration: { Status: 'Enabled' } },
    });
    const environment = environmentOf('legacy', { state: { bucket: 'team-state', key: 'old/place.tfstate' } });
    cloud.addEnvironment(environment);
    const backend =
      'terraform {\n  backend "s3" {\n    bucket       = "team-state"\n    key          = "old/place.tfstate"\n    region       = "eu-west-1"\n    use_lockfile = true\n  }\n}\n';
    const commit = cloud.repository.commit({
      'apps/shop/legacy/main.tf': resource,
      'apps/shop/legacy/backend.tf': backend,
    });
    const planned = await plan(cloud, environment, commit);
    expect(plannedOf(planned).backend).toEqual({
      type: 's3',
      bucket: 'team-state',
      key: 'old/place.tfstate',
      region: 'eu-west-1',
    });
    await apply(cloud, environment, planned);
    expect(await cloud.readJson('team-state', 'old/place.tfstate')).toMatchObject({ serial: 1 });
    expect(await cloud.readJson(stateBucket, 'apps/shop/legacy/terraform.tfstate')).toBeUndefined();
  });

  it.each([
    [
      'a block that names only the key',
      'terraform {\n  backend "s3" {\n    key = "apps/shop/own/own.tfstate"\n  }\n}\n',
      'apps/shop/own/own.tfstate',
    ],
    ['an empty block', 'terraform {\n  backend "s3" {}\n}\n', 'apps/shop/own/terraform.tfstate'],
    [
      'a local block',
      'terraform {\n  backend "local" {\n    path = "x.tfstate"\n  }\n}\n',
      'apps/shop/own/terraform.tfstate',
    ],
    ['no block', '', 'apps/shop/own/terraform.tfstate'],
  ])('is completed by our convention for %s', async (_, backend, key) => {
    const environment = environmentOf('own', { state: { bucket: stateBucket, key } });
    cloud.addEnvironment(environment);
    const commit = cloud.repository.commit({ 'apps/shop/own/main.tf': `${backend}${resource}` });
    const { backend: resolved } = plannedOf(await plan(cloud, environment, commit));
    expect(resolved).toEqual({ type: 's3', bucket: stateBucket, key, region: 'eu-west-1' });
  });

  it('is where the file says that completes an open block, and a committed local state is not copied there', async () => {
    const key = 'infra/web/named.tfstate';
    const environment = environmentOf('named', { state: { bucket: stateBucket, key } });
    cloud.addEnvironment(environment);
    const local = { version: 4, terraform_version: '1.11.4', serial: 9, lineage: 'of-a-laptop', outputs: {} };
    const resources = [
      { mode: 'managed', type: 'terraform_data', name: 'other', provider: PROVIDER, instances: [{ attributes: {} }] },
    ];
    const commit = cloud.repository.commit({
      'apps/shop/named/main.tf': `terraform {\n  backend "s3" {\n    encrypt = true\n  }\n}\n${resource}`,
      'apps/shop/named/terraform.tfstate': JSON.stringify({ ...local, resources }),
      'apps/shop/backends/named.tfbackend': `bucket = "${stateBucket}"\nkey    = "${key}"\n`,
    });
    const planned = await plan(cloud, environment, commit, {
      STAGEGATE_BACKEND_CONFIG_FILE: '../backends/named.tfbackend',
      STAGEGATE_STATE_ELSEWHERE: 'refused',
    });
    expect(plannedOf(planned)).toMatchObject({ exitCode: 2, state: null, backend: { bucket: stateBucket, key } });
    appliedOf((await apply(cloud, environment, planned)).result);
    expect(await cloud.readJson(stateBucket, key)).toMatchObject({ serial: 1, resources: [{ name: 'one' }] });
  });

  it('with a fixed key is not where the directory says, and leaves what is there alone', async () => {
    const key = 'apps/shop/owner/terraform.tfstate';
    const owner = environmentOf('owner');
    const guest = environmentOf('guest', {
      state: { bucket: stateBucket, key: 'ephemeral/shop/guest/terraform.tfstate' },
    });
    for (const environment of [owner, guest]) cloud.addEnvironment(environment);
    const commit = cloud.repository.commit({
      'apps/shop/owner/main.tf': `terraform {\n  backend "s3" {\n    key = "${key}"\n  }\n}\n${resource}`,
      // If the commit could select a workspace, it would select another state.
      'apps/shop/owner/.terraform/environment': 'other',
    });
    await apply(cloud, owner, await plan(cloud, owner, commit));
    const before = await cloud.readJson(stateBucket, key);
    const fixed = {
      STAGEGATE_DIRECTORY: 'apps/shop/owner',
      STAGEGATE_STATE_KEY: 'ephemeral/shop/guest/terraform.tfstate',
      STAGEGATE_STATE_KEY_RULE: 'fixed',
    };
    const planned = await plan(cloud, guest, commit, fixed);
    expect(plannedOf(planned)).toMatchObject({ exitCode: 2, state: null, backend: { key: fixed.STAGEGATE_STATE_KEY } });
    await apply(cloud, guest, planned, fixed);
    expect(await cloud.readJson(stateBucket, fixed.STAGEGATE_STATE_KEY)).toMatchObject({ serial: 1 });
    expect(await cloud.readJson(stateBucket, key)).toEqual(before);
  });

  it('is locked: a plan waits for nobody forever', async () => {
    const { environment, commit } = newEnvironment({ 'main.tf': resource });
    const lock = `apps/shop/${environment.name}/terraform.tfstate.tflock`;
    const info = {
      ID: '00000000-0000-0000-0000-000000000000',
      Operation: 'OperationTypeApply',
      Info: '',
      Who: 'somebody',
      Version: '1.11.4',
      Created: '2026-11-23T00:00:00Z',
      Path: lock,
    };
    await cloud.s3.store.put(cloud.s3.store.getBucket(stateBucket), lock, {
      body: Buffer.from(JSON.stringify(info)),
      headers: {},
      checksums: {},
      encryption: { algorithm: 'AES256' },
    });
    const { result } = await plan(cloud, environment, commit, { STAGEGATE_LOCK_TIMEOUT: '0s' });
    expect(failureOf({ result })).toMatchObject({
      phase: 'plan',
      message: expect.stringMatching(/^Error acquiring the state lock: .* Who: somebody /),
    });
  });
});

describe('a plan fails, naming what and where,', () => {
  it('when the directory is not in the commit', async () => {
    const environment = environmentOf('absent');
    cloud.addEnvironment(environment);
    const commit = cloud.repository.commit({ 'README.md': 'nothing' });
    const { build, result, prefix } = await plan(cloud, environment, commit);
    expect(build.buildStatus).toBe('FAILED');
    expect(failureOf({ result })).toEqual({
      ok: false,
      phase: 'checkout',
      message: `the directory "apps/shop/absent" does not exist in commit ${commit}`,
      diagnostics: [],
    });
    expect(await namesBelow(prefix)).toEqual(['plan/result.json']);
  });

  it('when the directory has no configuration', async () => {
    const { result, directory } = await planFiles({ 'README.md': 'nothing' });
    expect(failureOf({ result })).toMatchObject({
      phase: 'backend',
      message: `the directory "${directory}" has no Terraform configuration (*.tf)`,
    });
  });

  it('when the commit does not exist', async () => {
    const { environment } = newEnvironment({ 'main.tf': resource });
    const { build, result } = await plan(cloud, environment, 'f'.repeat(40));
    const phase = build.phases?.find(({ phaseType }) => phaseType === 'DOWNLOAD_SOURCE');
    expect([build.buildStatus, phase?.phaseStatus, phase?.contexts?.[0]?.message, result]).toEqual([
      'FAILED',
      'FAILED',
      `commit ${'f'.repeat(40)} does not exist in "https://github.com/acme/config.git"`,
      undefined,
    ]);
  });

  it('when a file is no Terraform', async () => {
    const { result, directory } = await planFiles({ 'main.tf': `${resource}resource "terraform_data" {{\n` });
    const failure = failureOf({ result });
    expect([failure.phase, failure.diagnostics?.[0]?.file, failure.diagnostics?.[0]?.line]).toEqual([
      'init',
      `${directory}/main.tf`,
      4,
    ]);
    expect(failure.message).toMatch(new RegExp(`^\\S.* \\(${directory}/main.tf:4\\)(?:: \\S|$)`));
  });

  it('when the configuration is not valid', async () => {
    const { result, directory } = await planFiles({
      'main.tf': `${resource}output "x" {\n  value = terraform_data.two.id\n}\n`,
    });
    expect(failureOf({ result })).toMatchObject({
      phase: 'plan',
      message: expect.stringContaining(`Reference to undeclared resource (${directory}/main.tf:5): A managed resource`),
    });
  });

  it('when planning itself fails', async () => {
    const failing =
      'resource "terraform_data" "zero" {\n  input = "short"\n}\nresource "terraform_data" "one" {\n  lifecycle {\n    precondition {\n      condition     = length(terraform_data.zero.input) > 9\n      error_message = "Not today."\n    }\n  }\n}\n';
    const { result, directory, log } = await planFiles({ 'main.tf': failing });
    expect(failureOf({ result })).toMatchObject({
      phase: 'plan',
      message: `Resource precondition failed (${directory}/main.tf:7): Not today.`,
      diagnostics: [{ severity: 'error', detail: 'Not today.' }],
    });
    expect(log).toContain('Error: Resource precondition failed');
  });

  it('when the broker refuses its ticket, because the role does not trust it with this external id', async () => {
    const { environment, commit } = newEnvironment({ 'main.tf': resource });
    const { result, variables, log } = await plan(cloud, { ...environment, externalId: '0'.repeat(32) }, commit);
    const role = `arn:aws:iam::${targetAccountId}:role/stagegate-shop-${environment.name}-plan`;
    expect(failureOf({ result })).toEqual({
      ok: false,
      phase: 'init',
      reason: 'credentials-refused',
      diagnostics: [],
      message: `the credentials broker refused this build: no ${role} to be had`,
    });
    expect(`${JSON.stringify(result)}${log}`).not.toContain(variables.STAGEGATE_TICKET);
  });

  it('when its ticket is that of another build', async () => {
    const first = await planFiles({ 'main.tf': resource });
    const { STAGEGATE_TICKET = '' } = first.variables;
    const { result } = await plan(cloud, first.environment, first.commit, { STAGEGATE_TICKET });
    expect(failureOf({ result })).toMatchObject({
      phase: 'init',
      reason: 'credentials-refused',
      message: 'the credentials broker refused this build: the ticket was redeemed by another build',
    });
  });

  it('when the state belongs to another environment', async () => {
    const other = await planFiles({ 'main.tf': resource });
    await apply(cloud, other.environment, other);
    const { environment, commit } = newEnvironment({ 'main.tf': resource });
    const key = `apps/shop/${other.environment.name}/terraform.tfstate`;
    const { result } = await plan(cloud, environment, commit, { STAGEGATE_STATE_KEY: key });
    expect(failureOf({ result }).message).toMatch(/AccessDenied|Forbidden/);
  });

  /** Too deep for our parser, and no problem for the engine. */
  const misread = `${'('.repeat(300)}1e12${')'.repeat(300)}`;
  it.each([
    ['with escapes', 'terraform.tfvars', 'password = "hunter4\\u00e9\\t$${x}-and-more"\n', /hunter4|and-more|\\u00e9/],
    ['with a composed character', 'terraform.tfvars', 'password = "hunter4e\u0301-and-more"\n', /hunter4|and-more/],
    ['behind a number', 'terraform.tfvars', 'limit = 1e12\npassword = "hunter2-and-more"\n', /hunter2|and-more/],
    ['in a file that we misread', 'terraform.tfvars', `limit = ${misread}\npassword = "hunter2-and-more"\n`, /hunter2/],
    ['in a heredoc', 'a.auto.tfvars', 'password = <<-EOT\n    hunter2\n      and "more"\n  EOT\n', /hunter2|more/],
    ['in JSON', 'terraform.tfvars.json', '{ "password": "hunter2\\u003c\\u0022$${x}-and-more" }', /hunter2|and-more/],
    ['that is a number', 'terraform.tfvars', 'password = 83746.150e6\n', /83746150000|83746\.15/],
  ])('without telling a password %s', async (_, file, text, shown) => {
    const configuration =
      'variable "limit" {\n  type    = number\n  default = 1\n}\nvariable "password" {\n  type      = string\n  sensitive = true\n}\nresource "terraform_data" "one" {\n  input = file(nonsensitive(format("./%s", var.password)))\n}\n';
    const { result, log } = await planFiles({ 'main.tf': configuration, [file]: text });
    expect(JSON.stringify(failureOf({ result }))).toContain('no file exists at \\"./(sensitive)');
    expect(`${JSON.stringify(result)}${log}`).not.toMatch(shown);
  });

  it('without telling values of sensitive variables', async () => {
    const configuration =
      'variable "token" {\n  type      = string\n  sensitive = true\n}\nlocals {\n  copy = nonsensitive(var.token)\n}\nresource "terraform_data" "one" {\n  lifecycle {\n    precondition {\n      condition     = length(local.copy) > 99\n      error_message = format("The token %s is too short.", local.copy)\n    }\n  }\n}\n';
    const { result, log } = await planFiles({
      'main.tf': configuration,
      'terraform.tfvars': 'token = "hunter2-supersecret"\n',
    });
    expect(failureOf({ result }).diagnostics?.[0]?.detail).toBe('The token (sensitive) is too short.');
    expect(`${JSON.stringify(result)}${log}`).not.toContain('hunter2');
  });
});

describe('the variables that Stagegate sets', () => {
  const configuration = [
    'variable "environment" {\n  type = string\n}\n',
    'variable "sizes" {\n  type = map(number)\n  default = {}\n}\n',
    'variable "domain_name" {\n  type = string\n  default = ""\n}\n',
    'resource "terraform_data" "one" {\n  input = [var.environment, var.sizes, var.domain_name]\n}\n',
  ].join('');
  // In HCL, these would be templates and an escape.
  const text = `a \${path.root} %{if true}"\\u0041\n`;
  const variables = {
    environment: { value: text, mode: 'required' },
    sizes: { value: { web: 3 }, mode: 'required' },
    domain_name: { value: 'shop.example', mode: 'when-declared' },
    certificate_arn: { value: 'arn', mode: 'when-declared' },
  };

  it('win over the files of the directory, to the letter, and are applied with the plan', async () => {
    const more = { STAGEGATE_VARIABLES: JSON.stringify(variables) };
    const planned = await planFiles(
      {
        'main.tf': configuration,
        'terraform.tfvars': 'environment = "dev1"\n',
        'z.auto.tfvars': 'sizes = { web = 1 }\n',
      },
      more,
    );
    expect(listArchive(await readTree(planned.prefix))).toContain('variables.tfvars.json');
    expect(planned.log).toContain('variables set by Stagegate: environment, sizes, domain_name\n');
    expect(planned.log).not.toContain('undeclared variable');
    await apply(cloud, planned.environment, planned);
    const state = await cloud.readJson(stateBucket, `${planned.directory}/terraform.tfstate`);
    expect(state).toMatchObject({
      resources: [{ instances: [{ attributes: { input: { value: [text, { web: 3 }, 'shop.example'] } } }] }],
    });
    const destroyed = await plan(cloud, planned.environment, planned.commit, {
      STAGEGATE_OPERATION: 'destroy',
      ...more,
    });
    expect(plannedOf(destroyed).exitCode).toBe(2);
  });

  it('are refused by name and directory when the directory does not declare them', async () => {
    const { result, directory } = await planFiles(
      { 'main.tf': resource },
      { STAGEGATE_VARIABLES: JSON.stringify(variables) },
    );
    expect(failureOf({ result })).toMatchObject({
      phase: 'variables',
      message: `the directory "${directory}" must declare "environment", "sizes": this environment gets a value for it`,
    });
  });
});

describe('plans of two environments', () => {
  it('run side by side', async () => {
    const repository: GitRepository = cloud.repository;
    const all = ['east', 'west'].map((name) => environmentOf(name));
    for (const environment of all) cloud.addEnvironment(environment);
    const commit = repository.commit({
      'apps/shop/east/main.tf': resource,
      'apps/shop/west/main.tf': `${resource}${resource.replace('one', 'two')}`,
    });
    const runs = await Promise.all(all.map((environment) => plan(cloud, environment, commit)));
    const counts = await Promise.all(
      runs.map(
        async (run) => JSON.parse((await readObject(plannedOf(run).planJson)).toString()).resource_changes.length,
      ),
    );
    expect(counts).toEqual([1, 2]);
  });
});
