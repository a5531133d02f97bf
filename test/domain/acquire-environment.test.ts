import { beforeEach, describe, expect, test } from '@jest/globals';
import { acquireEnvironment } from '../../lambdas/domain/acquire-environment.ts';
import type { Application } from '../../lambdas/domain/application.ts';
import { applyBuild, planBuild } from '../../lambdas/domain/build-request.ts';
import {
  aDeployment,
  anApplication,
  anEnvironment,
  anEnvironmentDns,
  aPlanned,
  commitOf,
  DNS_SETTINGS,
  HOSTNAME,
  NOW,
} from '../builders.ts';
import { World } from './world.ts';

const NOT_HOLDER = { name: 'NotHolderError' };

describe('acquiring an environment', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.open();
    await world.release();
    await world.release();
  });

  test('gives the holder what its plan build needs', async () => {
    const id = await world.deploy('dev1', 1);
    const { plan, ...needs } = await acquireEnvironment(world, id);
    const { EnvironmentVariablesOverride, ...source } = plan;
    expect(needs).toEqual({ needsCertificate: false, needsDns: false });
    expect(source).toEqual({
      SourceTypeOverride: 'GITHUB_ENTERPRISE',
      SourceLocationOverride: 'https://git.example/acme/config.git',
      SourceVersion: commitOf(1),
      IdempotencyToken: `${id}-plan-1`,
    });
    const { runSecret } = await world.deployment(id);
    expect(Object.fromEntries(EnvironmentVariablesOverride.map(({ Name, Value }) => [Name, Value]))).toEqual({
      STAGEGATE_DEPLOYMENT_ID: id,
      STAGEGATE_APPLICATION: 'my-app',
      STAGEGATE_ENVIRONMENT: 'dev1',
      STAGEGATE_OPERATION: 'deploy',
      STAGEGATE_DIRECTORY: 'apps/my-app/dev1',
      STAGEGATE_COMMIT: commitOf(1),
      STAGEGATE_REGION: 'eu-west-1',
      STAGEGATE_ROLE_ARN: 'arn:aws:iam::111111111111:role/stagegate-my-app-dev1-plan',
      STAGEGATE_EXTERNAL_ID: 'a'.repeat(32),
      STAGEGATE_STATE_BUCKET: 'stagegate-state-111111111111-eu-west-1',
      STAGEGATE_STATE_KEY: 'apps/my-app/dev1/terraform.tfstate',
      STAGEGATE_STATE_KEY_RULE: 'default',
      STAGEGATE_VARIABLES: '{}',
      STAGEGATE_ARTIFACT_BUCKET: 'stagegate-artifacts',
      STAGEGATE_RUN_PREFIX: `runs/${id}/${runSecret}/1/`,
      STAGEGATE_ENGINE: 'terraform',
      STAGEGATE_ENGINE_VERSION: '',
      STAGEGATE_LOCK_TIMEOUT: '5m',
    });
    expect(new Set(EnvironmentVariablesOverride.map(({ Type }) => Type))).toEqual(new Set(['PLAINTEXT']));
  });

  describe('with DNS', () => {
    const acquire = async (operation: 'deploy' | 'destroy' = 'deploy') => {
      const { plan, ...needs } = await acquireEnvironment(world, await world.deploy('dev1', 1, { operation }));
      const given = plan.EnvironmentVariablesOverride.find(({ Name }) => Name === 'STAGEGATE_VARIABLES')?.Value ?? '';
      return { needs, variables: JSON.parse(given) };
    };
    const { arn } = anEnvironmentDns().certificate;
    const domain_name = { value: HOSTNAME, mode: 'when-declared' };
    const certificate_arn = { value: arn, mode: 'when-declared' };
    beforeEach(async () => {
      await world.write('application', anApplication({ serviceDiscoveryDomain: 'acme.example' }));
      await world.change('dev1', { dns: DNS_SETTINGS });
      await world.changeState('dev1', {
        deployed: { release: 1, commit: commitOf(1), deploymentId: 'x-1-abc123', at: NOW, modules: [] },
      });
    });

    test('asks for a certificate before the plan, and for publishing after the apply', async () => {
      expect(await acquire()).toEqual({
        needs: { needsCertificate: true, needsDns: true },
        variables: { domain_name },
      });
    });

    test('tells the plan of a destruction what there is, and asks for no certificate', async () => {
      await world.write('environmentDns', anEnvironmentDns());
      expect(await acquire('destroy')).toEqual({
        needs: { needsCertificate: false, needsDns: true },
        variables: { domain_name, certificate_arn },
      });
    });

    test('asks for withdrawing where the setting was taken away, and tells the plan nothing any more', async () => {
      await world.write('environmentDns', anEnvironmentDns());
      await world.change('dev1', { dns: undefined });
      expect(await acquire()).toEqual({ needs: { needsCertificate: false, needsDns: true }, variables: {} });
    });
  });

  test('again gives the same and changes nothing', async () => {
    const id = await world.deploy('dev1', 1);
    const before = [await world.deployment(id), await world.state('dev1')];
    expect(await acquireEnvironment(world, id)).toEqual(await acquireEnvironment(world, id));
    expect([await world.deployment(id), await world.state('dev1')]).toEqual(before);
  });

  test('fails for one that waits', async () => {
    await world.deploy('dev1', 1);
    await expect(acquireEnvironment(world, await world.deploy('dev1', 2))).rejects.toMatchObject(NOT_HOLDER);
  });

  test('fails for one that plans without holding it', async () => {
    const id = await world.deploy('dev1', 1);
    await world.changeState('dev1', { holder: null });
    await expect(acquireEnvironment(world, id)).rejects.toMatchObject(NOT_HOLDER);
  });

  test('fails for a holder that has ended, or that is further on', async () => {
    const id = await world.deploy('dev1', 1);
    while ((await world.statusOf(id)) !== 'applying') await world.workflow.step(id);
    await expect(acquireEnvironment(world, id)).rejects.toMatchObject(NOT_HOLDER);
    while ((await world.statusOf(id)) !== 'succeeded') await world.workflow.step(id);
    expect(await world.holderOf('dev1')).toBe(id);
    await expect(acquireEnvironment(world, id)).rejects.toMatchObject(NOT_HOLDER);
  });

  test('fails for a deployment that does not exist', async () => {
    await expect(acquireEnvironment(world, 'my-app-dev1-9-abcdef')).rejects.toMatchObject(NOT_HOLDER);
  });
});

describe('a build', () => {
  const deployment = aDeployment('planning');
  const environment = anEnvironment({
    stateBucket: 'acme-state',
    roles: { plan: 'arn:aws:iam::111111111111:role/p', apply: 'arn:aws:iam::111111111111:role/a' },
  });
  const subject = (application: Application) => ({ application, environment, deployment, artifactBucket: 'b' });
  const variable = (name: string, build: ReturnType<typeof planBuild>) =>
    build.EnvironmentVariablesOverride.find(({ Name }) => Name === name)?.Value;

  test.each([
    ['https://github.com/acme/config.git', 'GITHUB'],
    ['git@github.com:acme/config.git', 'GITHUB'],
    ['https://gitlab.com/acme/config.git', 'GITLAB'],
    ['https://gitlab.acme.example/config.git', 'GITLAB_SELF_MANAGED'],
    ['https://bitbucket.org/acme/config.git', 'BITBUCKET'],
    ['https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/config', 'CODECOMMIT'],
    ['ssh://git@git.acme.example:2222/config.git', 'GITHUB_ENTERPRISE'],
    ['https://github.com.evil.example/config.git', 'GITHUB_ENTERPRISE'],
  ])('of %s takes its source as %s', (url, type) => {
    const application = anApplication({ configRepository: { url, branch: 'main' } });
    expect(planBuild(subject(application))).toMatchObject({ SourceTypeOverride: type, SourceLocationOverride: url });
  });

  test.each([
    [{ connectionArn: 'arn:aws:codeconnections:eu-west-1:111111111111:connection/c' }, 'CODECONNECTIONS'],
    [{ secretArn: 'arn:aws:secretsmanager:eu-west-1:111111111111:secret:s' }, 'SECRETS_MANAGER'],
  ])('authorises itself with %j', (auth, Type) => {
    const url = 'https://github.com/acme/config.git';
    const application = anApplication({ configRepository: { url, branch: 'main', ...auth } });
    const [Resource] = Object.values(auth);
    expect(planBuild(subject(application)).SourceAuthOverride).toEqual({ Type, Resource });
  });

  test.each([
    ['eu-west-1', 'arn:aws:iam'],
    ['us-gov-west-1', 'arn:aws-us-gov:iam'],
    ['cn-north-1', 'arn:aws-cn:iam'],
  ])('in %s assumes a role of that partition', (region, beginning) => {
    const there = { ...subject(anApplication()), environment: anEnvironment({ region }) };
    expect(variable('STAGEGATE_ROLE_ARN', planBuild(there))).toBe(
      `${beginning}::111111111111:role/stagegate-my-app-dev1-plan`,
    );
  });

  test('assumes the role of its purpose, with the state bucket and engine that are set', () => {
    const application = anApplication({ engine: 'opentofu', engineVersion: '1.10.2' });
    const [plan, apply] = [planBuild(subject(application)), applyBuild(subject(application), aPlanned())];
    expect([plan, apply].map((build) => variable('STAGEGATE_ROLE_ARN', build))).toEqual([
      'arn:aws:iam::111111111111:role/p',
      'arn:aws:iam::111111111111:role/a',
    ]);
    expect(variable('STAGEGATE_STATE_BUCKET', plan)).toBe('acme-state');
    expect(variable('STAGEGATE_ENGINE', plan)).toBe('tofu');
    expect(variable('STAGEGATE_ENGINE_VERSION', plan)).toBe('1.10.2');
    expect(variable('STAGEGATE_PLAN_DIGEST', plan)).toBeUndefined();
  });

  test('to plan carries the variables that Stagegate sets; to apply needs none', () => {
    const variables = { size: { value: { web: 3 }, mode: 'required' } } as const;
    const [plan, apply] = [
      planBuild(subject(anApplication()), variables),
      applyBuild(subject(anApplication()), aPlanned()),
    ];
    expect(JSON.parse(variable('STAGEGATE_VARIABLES', plan) ?? '')).toEqual(variables);
    expect(variable('STAGEGATE_VARIABLES', apply)).toBeUndefined();
  });

  test('fails when its variables are larger than CodeBuild takes', () => {
    const variables = (length: number) => ({ size: { value: 'x'.repeat(length), mode: 'required' } }) as const;
    const others = JSON.stringify(variables(0)).length;
    const [largest, tooLarge] = [variables(4096 - others), variables(4097 - others)];
    expect(variable('STAGEGATE_VARIABLES', planBuild(subject(anApplication()), largest))).toHaveLength(4096);
    expect(() => planBuild(subject(anApplication()), tooLarge)).toThrow(
      'variables: variables: all together at most 4096 characters of JSON, with names and modes (got 4097 characters)',
    );
  });
});
