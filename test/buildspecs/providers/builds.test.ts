import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { enginePlatform } from '../../../buildspecs/program/providers/platform.ts';
import { PROVIDER_PACKAGES, providerPackageKey } from '../../../lambdas/domain/provider-cache.ts';
import { accountId, artifactBucket, type BuildCloud, openBuildCloud } from '../../local/codebuild/open-build-cloud.ts';
import { apply, environmentOf, plan } from '../build-runs.ts';
import { type FakePackage, fakePackage, lockFileOf } from './packages.ts';
import { workingPackage } from './working-provider.ts';

const THING = 'registry.example.invalid/acme/thing';
const other = fakePackage('1.0.0', 'for another platform');
const FROM_CACHE = `${THING} 1.0.0: from the cache`;

const configuration = (own: FakePackage) => ({
  'apps/shop/dev1/main.tf': `terraform {\n  required_providers {\n    thing = { source = "${THING}" }\n  }\n}\nresource "terraform_data" "one" {\n  input = "a"\n}\n`,
  'apps/shop/dev1/.terraform.lock.hcl': lockFileOf(THING, '1.0.0', [`zh:${other.sha256}`, `zh:${own.sha256}`]),
});

describe('builds whose registry cannot be reached', () => {
  const { HOME, TF_CLI_CONFIG_FILE } = process.env;
  const environment = environmentOf('dev1');
  let home: string;
  let cloud: BuildCloud;
  let commit: string;
  let own: FakePackage;
  beforeAll(async () => {
    // Without a CLI configuration of the person who runs the tests.
    home = mkdtempSync(join(tmpdir(), 'stagegate-home-'));
    process.env.HOME = home;
    delete process.env.TF_CLI_CONFIG_FILE;
    cloud = await openBuildCloud();
    cloud.addEnvironment(environment);
    for (const purpose of ['plan', 'apply'])
      cloud.door.policies.putRolePolicy(`arn:aws:iam::${accountId}:role/stagegate-${purpose}-build`, 'Providers', {
        Statement: [
          {
            Effect: 'Allow',
            Action: 's3:GetObject',
            Resource: `arn:aws:s3:::${artifactBucket}/${PROVIDER_PACKAGES.pattern}`,
          },
        ],
      });
    own = await workingPackage('1.0.0');
    commit = cloud.repository.commit(configuration(own));
  });
  afterAll(async () => {
    await cloud.close();
    rmSync(home, { recursive: true });
    process.env.HOME = HOME;
    if (TF_CLI_CONFIG_FILE !== undefined) process.env.TF_CLI_CONFIG_FILE = TF_CLI_CONFIG_FILE;
  });
  const on = { STAGEGATE_PROVIDER_CACHE: 'on' };

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
