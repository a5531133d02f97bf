import { randomUUID } from 'node:crypto';
import { StopBuildCommand } from '@aws-sdk/client-codebuild';
import { ListObjectVersionsCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { artifactBucket, type BuildCloud, openBuildCloud, stateBucket } from '../local/codebuild/open-build-cloud.ts';
import { ManualClock } from '../local/manual-clock.ts';
import {
  appliedOf,
  apply,
  applyFailureOf,
  environmentOf,
  plan,
  plannedOf,
  type Run,
  startApply,
} from './build-runs.ts';

let cloud: BuildCloud;
beforeAll(async () => {
  // With a clock that stands still, no build is killed: an engine may take as long as it needs to save its state.
  cloud = await openBuildCloud({ clock: new ManualClock() });
});
afterAll(() => cloud.close());
afterEach(() => cloud.door.faults.clear());

const block = (name: string, body = '  input = "a"') => `resource "terraform_data" "${name}" {\n${body}\n}\n`;

let environments = 0;
async function planNew(text: string, more: Readonly<Record<string, string>> = {}) {
  const environment = environmentOf(`dev${++environments}`);
  cloud.addEnvironment(environment);
  const directory = `apps/shop/${environment.name}`;
  const commit = cloud.repository.commit({
    ...Object.fromEntries(Object.entries(more).map(([name, content]) => [`${directory}/${name}`, content])),
    [`${directory}/main.tf`]: text,
  });
  const planned = await plan(cloud, environment, commit);
  plannedOf(planned);
  return { environment, commit, planned, directory };
}

const failureOf = ({ result }: Pick<Run, 'result'>) => applyFailureOf(result);
const readState = (name: string) => cloud.readJson(stateBucket, `apps/shop/${name}/terraform.tfstate`);
const isLocked = async (name: string) =>
  (await cloud.readJson(stateBucket, `apps/shop/${name}/terraform.tfstate.tflock`)) !== undefined;

describe('an apply', () => {
  it('applies the approved bundle and uploads the outputs', async () => {
    const { environment, planned } = await planNew(
      `${block('one')}${block('two')}output "host" {\n  value = "example.com"\n}\noutput "password" {\n  value     = "s3cr3t-value"\n  sensitive = true\n}\n`,
    );
    const { build, result, log } = await apply(cloud, environment, planned);
    expect(build.buildStatus).toBe('SUCCEEDED');
    expect(appliedOf(result)).toEqual({ ok: true, applied: 'yes', resources: 2, resourcesLeft: 2 });
    expect(await cloud.readJson(artifactBucket, `${planned.prefix}apply/outputs.json`)).toEqual({
      host: { sensitive: false, type: 'string', value: 'example.com' },
      password: { sensitive: true, type: 'string', value: 's3cr3t-value' },
    });
    expect(await readState(environment.name)).toMatchObject({ serial: 1 });
    expect(await isLocked(environment.name)).toBe(false);
    expect(log).toContain('terraform_data.one: created');
    expect(log).not.toContain('s3cr3t-value');
  });

  it('of a destroy removes everything', async () => {
    const { environment, commit, planned } = await planNew(block('one'));
    await apply(cloud, environment, planned);
    const destroying = await plan(cloud, environment, commit, { STAGEGATE_OPERATION: 'destroy' });
    const { result } = await apply(cloud, environment, destroying);
    expect(appliedOf(result)).toEqual({ ok: true, applied: 'yes', resources: 1, resourcesLeft: 0 });
    expect(await readState(environment.name)).toMatchObject({ resources: [] });
  });

  it('of a destroy that found nothing to destroy goes through, too: it writes what was found', async () => {
    const { environment, commit, planned } = await planNew(block('one'));
    const destroy = () => plan(cloud, environment, commit, { STAGEGATE_OPERATION: 'destroy' });
    await apply(cloud, environment, planned);
    await apply(cloud, environment, await destroy());
    const again = await destroy();
    expect(plannedOf(again).exitCode).toBe(0);
    const { result } = await apply(cloud, environment, again);
    expect(appliedOf(result)).toEqual({ ok: true, applied: 'yes', resources: 0, resourcesLeft: 0 });
  });

  it('counts what is in the state afterwards, in modules too', async () => {
    cloud.repository.commit({ 'modules/pair/main.tf': `${block('one')}${block('two')}` });
    const { environment, planned } = await planNew(
      `module "pairs" {\n  source = "../../../modules/pair"\n  count  = 2\n}\n${block('own')}`,
    );
    const { result } = await apply(cloud, environment, planned);
    expect(result).toMatchObject({ ok: true, resourcesLeft: 5 });
  });

  it('reads the files of the bundle, whatever the repository says meanwhile', async () => {
    const { environment, planned, directory } = await planNew(
      'resource "terraform_data" "one" {\n  input = filesha256("page.html")\n}\n',
      { 'page.html': 'approved' },
    );
    cloud.repository.commit({ [`${directory}/page.html`]: 'changed', [`${directory}/main.tf`]: block('other') });
    const { result } = await apply(cloud, environment, planned);
    expect(appliedOf(result)).toEqual({ ok: true, applied: 'yes', resources: 1, resourcesLeft: 1 });
  });

  it('is refused the second time, and the result of the first stays', async () => {
    const { environment, planned } = await planNew(block('one'));
    const first = await apply(cloud, environment, planned);
    const second = await apply(cloud, environment, planned);
    expect(second.build.buildStatus).toBe('FAILED');
    expect(second.log).toContain('Error: an apply of this plan has been started before');
    expect(second.result).toEqual(first.result);
    const { Versions } = await cloud.objects.send(
      new ListObjectVersionsCommand({ Bucket: stateBucket, Prefix: `apps/shop/${environment.name}/terraform.tfstate` }),
    );
    expect(Versions?.filter(({ Key }) => !Key?.endsWith('.tflock'))).toHaveLength(1);
  });

  it('started twice at once happens once', async () => {
    const { environment, planned } = await planNew(block('one'));
    const builds = await Promise.all([
      startApply(cloud, environment, planned),
      startApply(cloud, environment, planned),
    ]);
    const ended = await Promise.all(builds.map(({ id }) => cloud.ended(id)));
    expect(ended.map(({ buildStatus }) => buildStatus).sort()).toEqual(['FAILED', 'SUCCEEDED']);
    expect(await cloud.readJson(artifactBucket, `${planned.prefix}apply/result.json`)).toMatchObject({ ok: true });
  });

  it('that crashed after it had started leaves its result missing: the next one does nothing and reports nothing', async () => {
    const { environment, planned } = await planNew(block('one'));
    await cloud.objects.send(
      new PutObjectCommand({ Bucket: artifactBucket, Key: `${planned.prefix}apply/started.json`, Body: '{}' }),
    );
    const { build, log, result } = await apply(cloud, environment, planned);
    expect([build.buildStatus, result]).toEqual(['FAILED', undefined]);
    expect(log).toContain('Error: an apply of this plan has been started before');
    expect(await readState(environment.name)).toBeUndefined();
  });
});

describe('an apply fails', () => {
  it('when the bundle is not the approved one', async () => {
    const { environment, planned } = await planNew(block('one'));
    const approved = 'a'.repeat(64);
    const failure = failureOf(await apply(cloud, environment, planned, { STAGEGATE_PLAN_DIGEST: approved }));
    expect(failure).toMatchObject({ phase: 'digest', reason: 'digest-mismatch', applied: 'no' });
    expect(failure.message).toContain(`but ${approved} was approved`);
    expect(await readState(environment.name)).toBeUndefined();
  });

  it('when the recorded version of the bundle does not exist, although a newer one does', async () => {
    const { environment, planned } = await planNew(block('one'));
    const failure = failureOf(
      await apply(cloud, environment, planned, { STAGEGATE_BUNDLE_VERSION_ID: 'A'.repeat(32) }),
    );
    expect(failure).toMatchObject({ phase: 'download', applied: 'no' });
  });

  it('when the state has changed since the plan', async () => {
    const { environment, commit, planned } = await planNew(block('one'));
    await apply(cloud, environment, planned);
    const next = cloud.repository.commit({ [`apps/shop/${environment.name}/main.tf`]: block('two') });
    const stale = await plan(cloud, environment, next);
    const other = await plan(cloud, environment, commit, { STAGEGATE_OPERATION: 'destroy' });
    await apply(cloud, environment, other);
    const result = await apply(cloud, environment, stale);
    expect(failureOf(result)).toMatchObject({
      phase: 'apply',
      reason: 'plan-stale',
      applied: 'no',
      message: expect.stringMatching(/^Saved plan is stale: The given plan file can no longer be applied/),
    });
  });

  it('when somebody has made a state since a first plan', async () => {
    const unknown = 'output "id" {\n  value = terraform_data.one.id\n}\n';
    const { environment, planned } = await planNew(`${block('one')}${unknown}`);
    const state = {
      version: 4,
      terraform_version: '1.11.0',
      serial: 1,
      lineage: randomUUID(),
      outputs: {},
      resources: [],
    };
    const object = { Bucket: stateBucket, Key: `apps/shop/${environment.name}/terraform.tfstate` };
    await cloud.s3.store.put(cloud.s3.store.getBucket(object.Bucket), object.Key, {
      body: Buffer.from(JSON.stringify(state)),
      headers: {},
      checksums: {},
      encryption: { algorithm: 'AES256' },
    });
    const run = await apply(cloud, environment, planned);
    const failure = failureOf(run);
    expect(failure).toMatchObject({ phase: 'apply', reason: 'plan-stale', applied: 'no' });
  });

  it('half way, telling what happened and no sensitive value', async () => {
    const failing =
      'variable "token" {\n  type      = string\n  sensitive = true\n}\n' +
      block('first') +
      block('holder', '  input = var.token') +
      block(
        'broken',
        '  depends_on = [terraform_data.first]\n  provisioner "local-exec" {\n    command = format("echo %s >&2; exit 3", terraform_data.holder.output)\n  }',
      );
    const { environment, planned, directory } = await planNew(failing, {
      'terraform.tfvars': 'token = "hunter2-supersecret"\n',
    });
    const run = await apply(cloud, environment, planned);
    const failure = failureOf(run);
    expect(failure).toMatchObject({
      phase: 'apply',
      reason: 'apply-failed',
      applied: 'partly',
      message: expect.stringContaining(
        `local-exec provisioner error (terraform_data.broken, ${directory}/main.tf:13): Error running command `,
      ),
    });
    expect(failure.diagnostics?.[0]?.detail).toContain("Error running command 'echo (sensitive) >&2; exit 3'");
    expect(`${run.log}${JSON.stringify(run.result)}`).not.toContain('hunter2');
    expect(run.log).toContain('terraform_data.first: created');
    expect(await readState(environment.name)).toMatchObject({ serial: 1 });
    expect(await isLocked(environment.name)).toBe(false);
  });

  it('before anything changed', async () => {
    const { environment, planned } = await planNew(block('one'));
    cloud.door.faults.add({
      service: 's3',
      operation: 'PutObject',
      caller: 'assumed-role/stagegate-shop-',
      times: 1,
      error: { code: 'AccessDenied', status: 403 },
    });
    expect(failureOf(await apply(cloud, environment, planned))).toMatchObject({
      phase: 'apply',
      applied: 'no',
      message: expect.stringMatching(/^Error acquiring the state lock: .*AccessDenied/),
    });
  });

  it('when the state cannot be saved, and keeps the state beside the result', async () => {
    const { environment, planned } = await planNew(block('one'));
    const role = `arn:aws:iam::222222222222:role/stagegate-shop-${environment.name}-apply`;
    const state = `arn:aws:s3:::${stateBucket}/apps/shop/${environment.name}/terraform.tfstate`;
    cloud.door.policies.putRolePolicy(role, 'Broken', {
      Statement: [{ Effect: 'Deny', Action: 's3:PutObject', Resource: state }],
    });
    const failure = failureOf(await apply(cloud, environment, planned));
    expect(failure).toMatchObject({ phase: 'apply', applied: 'partly' });
    expect(failure.message).toContain('is kept as apply/errored.tfstate of this run');
    expect(failure.message).not.toContain(planned.prefix);
    expect(await cloud.readJson(artifactBucket, `${planned.prefix}apply/errored.tfstate`)).toMatchObject({
      resources: [{ type: 'terraform_data', name: 'one' }],
    });
  });

  it('when the role of the environment is not to be had', async () => {
    const { environment, planned } = await planNew(block('one'));
    const failure = failureOf(await apply(cloud, { ...environment, externalId: 'f'.repeat(32) }, planned));
    expect(failure).toMatchObject({ phase: 'init', reason: 'credentials-refused', applied: 'no' });
  });

  it('when it is stopped, after the engine has saved and unlocked the state', async () => {
    const slow = block(
      'slow',
      '  depends_on = [terraform_data.first]\n  provisioner "local-exec" {\n    command = "sleep 600"\n  }',
    );
    const { environment, planned } = await planNew(block('first') + slow);
    const { id } = await startApply(cloud, environment, planned);
    await waitFor(() => cloud.log(id).includes('terraform_data.slow: running provisioner'));
    await cloud.client.send(new StopBuildCommand({ id }));
    const build = await cloud.ended(id);
    expect(build.buildStatus).toBe('STOPPED');
    expect(await cloud.readJson(artifactBucket, `${planned.prefix}apply/result.json`)).toMatchObject({
      phase: 'apply',
      reason: 'stopped',
      applied: 'partly',
    });
    expect(await isLocked(environment.name)).toBe(false);
    expect(JSON.stringify(await readState(environment.name))).toContain('"name":"first"');
  });
});

async function waitFor(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
}
