import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { STATE_READERS } from '../../../lambdas/functions.ts';
import { loadAssembly } from '../../../local/assembly/cloud-assembly.ts';
import { roleSession } from '../../../local/door/callers.ts';
import { createTargetAccounts, type RegisteredEnvironment } from '../../../local/targets/target-accounts.ts';
import { appliedOf, apply, environmentOf, plan, planFailureOf, plannedOf } from '../../buildspecs/build-runs.ts';
import { assemblyOf } from '../../harness/synthesized.ts';
import {
  type BuildCloud,
  type CloudParts,
  openBuildCloud,
  region,
  stateBucket,
  targetAccountId,
} from '../codebuild/open-build-cloud.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

const resource = 'resource "terraform_data" "one" {\n  input = "a"\n}\n';
let cloud: BuildCloud;
let parts: CloudParts;
let accounts: ReturnType<typeof createTargetAccounts>;
const registered = new Map<string, RegisteredEnvironment>();

beforeAll(async () => {
  const assembly = loadAssembly(assemblyOf());
  const findEnvironment = async (application: string, name: string) => registered.get(`${application}/${name}`);
  cloud = await openBuildCloud({
    beforeBuild: (given) => {
      parts = given;
      accounts = createTargetAccounts({ ...given, assembly, findEnvironment });
      return accounts.prepare;
    },
  });
});
afterAll(() => cloud.close());

function register(name: string, more: Partial<RegisteredEnvironment> = {}) {
  const environment = environmentOf(name);
  registered.set(`shop/${name}`, {
    type: 'regular',
    accountId: targetAccountId,
    region,
    externalId: environment.externalId,
    ...more,
  });
  return environment;
}

const commit = (name: string, backend = '') =>
  cloud.repository.commit({ [`apps/shop/${name}/main.tf`]: `${backend}${resource}` });

describe('the stacks of an environment’s account', () => {
  it('let its builds plan and apply, and plan again', async () => {
    const environment = register('dev1');
    const first = await plan(cloud, environment, commit('dev1'));
    expect(plannedOf(first).backend).toMatchObject({ bucket: stateBucket, key: 'apps/shop/dev1/terraform.tfstate' });
    expect(appliedOf((await apply(cloud, environment, first)).result)).toEqual({
      ok: true,
      applied: 'yes',
      resources: 1,
      resourcesLeft: 1,
    });
    const again = plannedOf(await plan(cloud, environment, commit('dev1')));
    expect(again).toMatchObject({ exitCode: 0, state: { serial: 1 } });
    expect(cloud.s3.store.getBucket(stateBucket)).toMatchObject({ accountId: targetAccountId, versioning: 'Enabled' });
    expect(cloud.s3.store.getBucket(stateBucket).encryption.algorithm).toBe('aws:kms');
  });

  it('keep one environment from the state of another', async () => {
    const stage = register('stage1');
    await apply(cloud, stage, await plan(cloud, stage, commit('stage1')));
    const other = register('stage2');
    const { result } = await plan(cloud, other, commit('stage2'), {
      STAGEGATE_STATE_KEY: 'apps/shop/stage1/terraform.tfstate',
    });
    expect(planFailureOf(result).message).toMatch(/AccessDenied|Forbidden/);
  });

  it('are made for the registered external id, whatever a build brings', async () => {
    const environment = register('dev2');
    const { result } = await plan(cloud, { ...environment, externalId: '0'.repeat(32) }, commit('dev2'));
    expect(planFailureOf(result)).toMatchObject({ phase: 'init', reason: 'credentials-refused' });
    expect(plannedOf(await plan(cloud, environment, commit('dev2'))).exitCode).toBe(2);
  });

  it('do not exist for environments that nobody registered', async () => {
    const { result } = await plan(cloud, environmentOf('nobody'), commit('nobody'));
    expect(planFailureOf(result)).toMatchObject({ phase: 'init', reason: 'credentials-refused' });
  });

  it('give the roles access to the state where the directory’s own block says it is', async () => {
    const environment = register('legacy');
    const backend =
      'terraform {\n  backend "s3" {\n    bucket = "acme-old-state"\n    key    = "network/legacy.tfstate"\n  }\n}\n';
    const planned = await plan(cloud, environment, commit('legacy', backend));
    expect(plannedOf(planned).backend).toMatchObject({ bucket: 'acme-old-state', key: 'network/legacy.tfstate' });
    expect((await apply(cloud, environment, planned)).result).toMatchObject({ ok: true });
    expect(await cloud.readJson('acme-old-state', 'network/legacy.tfstate')).toMatchObject({ serial: 1 });
  });

  it('are made again from what was kept of them, also when their template had other parameters', async () => {
    const [stackName, place] = ['stagegate-shop-kept', { accountId: targetAccountId, region }];
    const control = (name: string) => `arn:aws:iam::111111111111:role/stagegate-${name}`;
    const parameters = {
      Application: 'shop',
      Environment: 'kept',
      ExternalId: '0123456789abcdef'.repeat(2),
      PlanBuildRoleArn: control('plan-build'),
      ApplyBuildRoleArn: control('apply-build'),
      CheckPlanRoleArn: control('check-plan'),
    };
    const stack = { stack: 'StagegateTargetAccount', stackName, place, parameters };
    parts.context.database.collection('target-account-stacks').put(JSON.stringify([stackName, place]), stack);
    await accounts.start();
    for (const purpose of ['plan', 'apply', 'state']) {
      const roleArn = `arn:aws:iam::${targetAccountId}:role/stagegate-shop-kept-${purpose}`;
      expect(cloud.door.policies.trustStatements(roleArn)).toHaveLength(1);
    }
    const stateRole = `arn:aws:iam::${targetAccountId}:role/stagegate-shop-kept-state`;
    expect(cloud.door.policies.trustStatements(stateRole)).toMatchObject([
      {
        principals: [{ value: 'arn:aws:iam::111111111111:root' }],
        conditions: expect.arrayContaining([
          expect.objectContaining({ key: 'aws:PrincipalArn', values: STATE_READERS.map(control) }),
        ]),
      },
    ]);
  });

  it('are as they were when an environment goes back to what it was, also where its state is', async () => {
    register('moving');
    const directory = temporaryDirectory();
    const mayRead = async (backend: string) => {
      mkdirSync(join(directory, 'apps/shop/moving'), { recursive: true });
      writeFileSync(join(directory, 'apps/shop/moving/main.tf'), `${backend}${resource}`);
      await accounts.prepare({
        directory,
        secondary: { program: join(cloud.directory, 'asset') },
        variables: {
          STAGEGATE_APPLICATION: 'shop',
          STAGEGATE_ENVIRONMENT: 'moving',
          STAGEGATE_DIRECTORY: 'apps/shop/moving',
          STAGEGATE_ENGINE: 'terraform',
        },
      });
      const role = roleSession(`arn:aws:iam::${targetAccountId}:role/stagegate-shop-moving-plan`, 'plan');
      return ['acme-old-state/moving.tfstate', `${stateBucket}/apps/shop/moving/terraform.tfstate`].map((object) => {
        try {
          cloud.door.authorize(role, { action: 's3:GetObject', resources: [`arn:aws:s3:::${object}`] });
          return true;
        } catch {
          return false;
        }
      });
    };
    const backend =
      'terraform {\n  backend "s3" {\n    bucket = "acme-old-state"\n    key    = "moving.tfstate"\n  }\n}\n';
    expect([await mayRead(backend), await mayRead(''), await mayRead(backend)]).toEqual([
      [true, false],
      [false, true],
      [true, false],
    ]);
  });

  it('have the roles that the environment names itself', async () => {
    const role = `arn:aws:iam::${targetAccountId}:role/stagegate-acme-deployer-plan`;
    const environment = register('named', { roles: { plan: role } });
    const planned = await plan(cloud, { ...environment, roles: { plan: role } }, commit('named'));
    expect(plannedOf(planned).exitCode).toBe(2);
  });
});
