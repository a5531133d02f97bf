import { describe, expect, test } from '@jest/globals';
import { applyBuild, planBuild } from '../../../lambdas/domain/build/build-request.ts';
import { type Application, ApplicationSchema } from '../../../lambdas/domain/model/application.ts';
import { aDeployment, anApplication, anEnvironment, aPlanned } from '../../harness/builders.ts';

const TICKET = `my-app-dev1-1-abc123.plan.1.${'0'.repeat(64)}`;

describe('a build', () => {
  const deployment = aDeployment('planning');
  const environment = anEnvironment({
    stateBucket: 'acme-state',
    roles: { plan: 'arn:aws:iam::111111111111:role/p', apply: 'arn:aws:iam::111111111111:role/a' },
  });
  const subject = (application: Application) => ({
    installation: 'stagegate',
    application,
    environment,
    deployment,
    artifactBucket: 'b',
  });
  const variable = (name: string, build: ReturnType<typeof planBuild>) =>
    build.EnvironmentVariablesOverride.find(({ Name }) => Name === name)?.Value;

  test('of a public repository runs in the projects without credentials, which are told the type of the source', () => {
    const application = anApplication({ configRepository: { url: 'git@github.com:acme/config.git', branch: 'main' } });
    const source = { SourceTypeOverride: 'GITHUB', SourceLocationOverride: 'https://github.com/acme/config.git' };
    expect(planBuild(subject(application), TICKET)).toMatchObject({ ProjectName: 'stagegate-plan', ...source });
    expect(applyBuild(subject(application), TICKET, aPlanned())).toMatchObject({
      ProjectName: 'stagegate-apply',
      ...source,
    });
  });

  test.each([
    [{ connectionArn: 'arn:aws:codeconnections:eu-west-1:111111111111:connection/c' }, 'github-faf466adb136'],
    [{ secretArn: 'arn:aws:secretsmanager:eu-west-1:111111111111:secret:s' }, 'github-199ba20c6426'],
  ])('with %j runs in the projects of that credential, which are of one type', (credential, name) => {
    const url = 'https://github.com/acme/config.git';
    const application = anApplication({ configRepository: { url, branch: 'main', ...credential } });
    const [plan, apply] = [
      planBuild(subject(application), TICKET),
      applyBuild(subject(application), TICKET, aPlanned()),
    ];
    expect([plan, apply].map(({ ProjectName }) => ProjectName)).toEqual([
      `stagegate-plan-${name}`,
      `stagegate-apply-${name}`,
    ]);
    for (const build of [plan, apply]) {
      expect(build).not.toHaveProperty('SourceTypeOverride');
      expect(JSON.stringify(build)).not.toContain('arn:aws:codeconnections');
      expect(JSON.stringify(build)).not.toContain('arn:aws:secretsmanager');
    }
  });

  test.each([
    ['ssh://git@git.acme.example:2222/config.git', undefined, 'provider'],
    ['ssh://git@git.acme.example:2222/config.git', 'github-enterprise', 'url'],
    ['https://gitlab.acme.example/config.git', undefined, 'provider'],
  ] as const)('of %s (%s), registered before that was refused, fails naming %s', (url, provider, field) => {
    const application = anApplication({ configRepository: { url, branch: 'main', ...(provider && { provider }) } });
    expect(ApplicationSchema.parse(application)).toEqual(application);
    expect(() => planBuild(subject(application), TICKET)).toThrow(
      new RegExp(`^application "my-app": configRepository\\.${field}: .*acme\\.example`),
    );
  });

  test('has the ticket of its own, and the state bucket and engine that are set; no role and no external id', () => {
    const application = anApplication({ engine: 'opentofu', engineVersion: '1.10.2' });
    const [plan, apply] = [
      planBuild(subject(application), TICKET),
      applyBuild(subject(application), TICKET, aPlanned()),
    ];
    for (const each of [plan, apply]) {
      expect(variable('STAGEGATE_TICKET', each)).toBe(TICKET);
      expect(JSON.stringify(each)).not.toContain(environment.externalId);
    }
    expect(variable('STAGEGATE_STATE_BUCKET', plan)).toBe('acme-state');
    expect(variable('STAGEGATE_ENGINE', plan)).toBe('tofu');
    expect(variable('STAGEGATE_ENGINE_VERSION', plan)).toBe('1.10.2');
    expect(variable('STAGEGATE_PLAN_DIGEST', plan)).toBeUndefined();
  });

  test.each([
    ['the environment, whatever the application says', '1.10.2', '1.11.0', '1.11.0'],
    ['the environment alone', undefined, '1.11.0', '1.11.0'],
    ['the application, where the environment has none', '1.10.2', undefined, '1.10.2'],
    ['nobody: the first that builds may run', undefined, undefined, ''],
  ])('has the engine version of %s', (_, ofApplication, ofEnvironment, wanted) => {
    const application = anApplication(ofApplication ? { engineVersion: ofApplication } : {});
    const planned = { ...environment, ...(ofEnvironment && { engineVersion: ofEnvironment }) };
    const request = planBuild({ ...subject(application), environment: planned }, TICKET);
    expect(variable('STAGEGATE_ENGINE_VERSION', request)).toBe(wanted);
  });

  test('to plan carries the variables that Stagegate sets; to apply needs none', () => {
    const variables = { size: { value: { web: 3 }, mode: 'required' } } as const;
    const [plan, apply] = [
      planBuild(subject(anApplication()), TICKET, { variables }),
      applyBuild(subject(anApplication()), TICKET, aPlanned()),
    ];
    expect(JSON.parse(variable('STAGEGATE_VARIABLES', plan) ?? '')).toEqual(variables);
    expect(variable('STAGEGATE_VARIABLES', apply)).toBeUndefined();
  });

  test('to plan carries the submodules that the application ignores, if it has any', () => {
    const application = anApplication({ ignoredSubmodules: ['vendor/tools', 'a\\b'] });
    const [plan, apply] = [
      planBuild(subject(application), TICKET),
      applyBuild(subject(application), TICKET, aPlanned()),
    ];
    expect(JSON.parse(variable('STAGEGATE_IGNORED_SUBMODULES', plan) ?? '')).toEqual(['vendor/tools', 'a\\b']);
    expect(variable('STAGEGATE_IGNORED_SUBMODULES', apply)).toBeUndefined();
    expect(variable('STAGEGATE_IGNORED_SUBMODULES', planBuild(subject(anApplication()), TICKET))).toBeUndefined();
  });

  test('fails when its variables are larger than CodeBuild takes', () => {
    const variables = (length: number) => ({ size: { value: 'x'.repeat(length), mode: 'required' } }) as const;
    const others = JSON.stringify(variables(0)).length;
    const [largest, tooLarge] = [variables(4096 - others), variables(4097 - others)];
    const plan = (given: typeof largest) => planBuild(subject(anApplication()), TICKET, { variables: given });
    expect(variable('STAGEGATE_VARIABLES', plan(largest))).toHaveLength(4096);
    expect(() => plan(tooLarge)).toThrow(
      'variables: variables: all together at most 4096 characters of JSON, with names and modes (got 4097 characters)',
    );
  });
});
