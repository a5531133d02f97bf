import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { enginePlatform } from '../../../buildspecs/program/providers/platform.ts';
import { PROVIDER_PACKAGES, providerPackageKey } from '../../../lambdas/domain/contract/provider-cache.ts';
import {
  accountId,
  artifactBucket,
  type BuildCloud,
  type Environment,
  openBuildCloud,
} from '../../local/codebuild/open-build-cloud.ts';
import { apply, environmentOf, inspect, plan } from '../build-runs.ts';
import { type FakePackage, fakePackage, lockFileOf } from './packages.ts';
import { type Registry, startRegistry } from './registry.ts';
import { workingPackage } from './working-provider.ts';

const THING = 'registry.example.invalid/acme/thing';
const other = fakePackage('1.0.0', 'for another platform');
const FROM_CACHE = `${THING} 1.0.0: from the cache`;

const configuration = ({ name }: Environment, address: string, own: FakePackage) => ({
  [`apps/shop/${name}/main.tf`]: `terraform {\n  required_providers {\n    thing = { source = "${address}" }\n  }\n}\nresource "terraform_data" "one" {\n  input = "a"\n}\n`,
  [`apps/shop/${name}/.terraform.lock.hcl`]: lockFileOf(address, '1.0.0', [`zh:${other.sha256}`, `zh:${own.sha256}`]),
});

const { HOME, TF_CLI_CONFIG_FILE } = process.env;
const environment = environmentOf('dev1');
const inspectedOne = environmentOf('prod1');
let home: string;
let registry: Registry;
let cloud: BuildCloud;
let own: FakePackage;

const providers = (...actions: string[]) => ({
  Statement: [
    { Effect: 'Allow', Action: actions, Resource: `arn:aws:s3:::${artifactBucket}/${PROVIDER_PACKAGES.pattern}` },
  ],
});

beforeAll(async () => {
  // A CLI configuration of the person who runs the tests must not be used.
  home = mkdtempSync(join(tmpdir(), 'stagegate-home-'));
  registry = await startRegistry(home);
  process.env.HOME = home;
  delete process.env.TF_CLI_CONFIG_FILE;
  cloud = await openBuildCloud();
  for (const one of [environment, inspectedOne]) cloud.addEnvironment(one);
  const may = (purpose: string, ...actions: string[]) =>
    cloud.door.policies.putRolePolicy(
      `arn:aws:iam::${accountId}:role/stagegate-${purpose}-build`,
      'Providers',
      providers(...actions),
    );
  may('plan', 's3:GetObject');
  may('inspect', 's3:GetObject', 's3:PutObject');
  may('apply', 's3:GetObject');
  own = await workingPackage('1.0.0');
});
afterAll(async () => {
  await cloud.close();
  await registry.stop();
  rmSync(home, { recursive: true });
  process.env.HOME = HOME;
  if (TF_CLI_CONFIG_FILE !== undefined) process.env.TF_CLI_CONFIG_FILE = TF_CLI_CONFIG_FILE;
});

const on = { STAGEGATE_PROVIDER_CACHE: 'on' };

describe('builds whose registry cannot be reached', () => {
  let commit: string;
  beforeAll(() => {
    commit = cloud.repository.commit(configuration(environment, THING, own));
  });

  test('fail in init without the package', async () => {
    const { result, log } = await plan(cloud, environment, commit, on);
    expect(result).toMatchObject({ ok: false, phase: 'init' });
    expect(log).toContain(`the cache has no package for ${enginePlatform()}`);
  });

  test('plan and apply with the package of the cache', async () => {
    const Key = providerPackageKey(enginePlatform(), own.sha256);
    await cloud.objects.send(new PutObjectCommand({ Bucket: artifactBucket, Key, Body: own.zip, IfNoneMatch: '*' }));
    const planned = await plan(cloud, environment, commit, on);
    expect(planned.result).toMatchObject({ ok: true, providers: { hits: 1, misses: 0, mismatches: 0 } });
    expect(planned.log).toContain(FROM_CACHE);
    const applied = await apply(cloud, environment, planned);
    expect(applied.result).toMatchObject({ ok: true, resources: 1 });
    expect(applied.log).toContain(FROM_CACHE);
  });

  test('do not ask a cache that is off', async () => {
    const { result, log } = await plan(cloud, environment, commit, { STAGEGATE_PROVIDER_CACHE: 'off' });
    expect(result).toMatchObject({ ok: false, phase: 'init' });
    expect(log).not.toContain('cache');
  });
});

test('an inspected plan is the last build that downloads', async () => {
  const thing = `${registry.host}/acme/thing`;
  const locked = await workingPackage('1.0.0');
  registry.offer('thing', locked.zip);
  const commit = cloud.repository.commit(configuration(inspectedOne, thing, locked));
  const told = { ...on, ...registry.environment };
  const missed = { hits: 0, misses: 1, mismatches: 0 };
  const planned = await plan(cloud, inspectedOne, commit, told);
  expect(planned.result).toMatchObject({ ok: true, providers: missed });
  expect(registry.downloads).toEqual(['thing']);

  const inspected = await inspect(cloud, planned, told);
  expect(inspected.result).toMatchObject({ ok: true, providers: missed });
  expect(inspected.log).toContain(`${thing} 1.0.0: stored in the cache`);
  expect(registry.downloads).toEqual(['thing', 'thing']);

  const applied = await apply(cloud, inspectedOne, planned, told);
  expect(applied.result).toMatchObject({ ok: true, resources: 1 });
  expect(applied.log).toContain(`${thing} 1.0.0: from the cache`);
  const next = await plan(cloud, inspectedOne, commit, told);
  expect(next.result).toMatchObject({ ok: true, providers: { hits: 1, misses: 0, mismatches: 0 } });
  expect(registry.downloads).toEqual(['thing', 'thing']);
});
