import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import {
  InspectProjectVariablesSchema,
  ProjectVariablesSchema,
} from '../../lambdas/domain/contract/build-environment-variables.ts';
import {
  type BuildSource,
  inspectProject,
  KEPT_SOURCE,
  PURPOSES,
  projectName,
} from '../../lambdas/domain/contract/build-source.ts';
import { flat, ofType, type Resource, stagegate } from '../harness/synthesized.ts';

const projects = (configuration = {}): Record<string, Resource['Properties']> =>
  Object.fromEntries(
    ofType(stagegate(configuration), 'AWS::CodeBuild::Project').map(([, { Properties }]) => [
      Properties.Name,
      Properties,
    ]),
  );
const variablesOf = ({ Environment }: Resource['Properties']): Record<string, string> =>
  Object.fromEntries(
    Environment.EnvironmentVariables.map(({ Name, Value }: { Name: string; Value: string }) => [Name, Value]),
  );

describe('the build projects', () => {
  const { 'stagegate-plan': plan, 'stagegate-apply': apply, [inspectProject('stagegate')]: inspect } = projects();

  test.each([
    ['plan', plan],
    ['apply', apply],
  ])('%s runs its buildspec from this repository, word for word', (name, project) => {
    const file = join(import.meta.dirname, '..', '..', 'buildspecs', `${name}.yml`);
    expect(project.Source).toEqual({ Type: 'NO_SOURCE', BuildSpec: readFileSync(file, 'utf8') });
  });

  test.each([
    ['plan', plan],
    ['apply', apply],
  ])('%s brings the program and no credentials of its own', (_, project) => {
    expect(project.SecondarySources).toHaveLength(1);
    expect(project.SecondarySources[0]).toMatchObject({ Type: 'S3', SourceIdentifier: 'program' });
    expect(flat(project.SecondarySources[0].Location)).toMatch(
      /^cdk-hnb659fds-assets-<AWS::AccountId>-<AWS::Region>\/[0-9a-f]{64}\.zip$/,
    );
    expect(JSON.stringify(project)).not.toContain('"Auth"');
  });

  test('inspect is the program itself, word for word: it fetches no repository, and is told of no API', () => {
    const { BuildSpec, Type, Location } = inspect.Source;
    expect(BuildSpec).toBe(readFileSync(join(import.meta.dirname, '..', '..', 'buildspecs', 'inspect.yml'), 'utf8'));
    expect(Type).toBe('S3');
    expect(flat(Location)).toBe(flat(plan.SecondarySources[0].Location));
    expect(inspect.SecondarySources).toBeUndefined();
    expect(JSON.stringify(inspect)).not.toMatch(/"Auth"|git-credential-helper/);
    expect(Object.keys(variablesOf(inspect)).sort()).toEqual(Object.keys(InspectProjectVariablesSchema.shape).sort());
    const { STAGEGATE_API_URL, ...others } = variablesOf(plan);
    expect(variablesOf(inspect)).toEqual(others);
  });

  test.each(PURPOSES)('of kept trees %s with the program alone: they fetch nothing, with nothing', (purpose) => {
    const project = projects()[projectName('stagegate', purpose, KEPT_SOURCE)];
    const { BuildSpec, Type, Location } = project.Source;
    const file = join(import.meta.dirname, '..', '..', 'buildspecs', `${purpose}-kept.yml`);
    expect([BuildSpec, Type]).toEqual([readFileSync(file, 'utf8'), 'S3']);
    expect(flat(Location)).toBe(flat(plan.SecondarySources[0].Location));
    expect(project.SecondarySources).toBeUndefined();
    expect(JSON.stringify(project)).not.toMatch(/"Auth"|git-credential-helper/);
    const usual = purpose === 'plan' ? plan : apply;
    expect(variablesOf(project)).toEqual(variablesOf(usual));
    expect(project.TimeoutInMinutes).toBe(usual.TimeoutInMinutes);
  });

  test.each([
    ['plan', plan],
    ['inspect', inspect],
    ['apply', apply],
  ])('%s runs in a small arm64 container without privileges, with the data key', (_, project) => {
    expect(project.Environment).toMatchObject({
      Type: 'ARM_CONTAINER',
      ComputeType: 'BUILD_GENERAL1_SMALL',
      PrivilegedMode: false,
    });
    expect(flat(project.EncryptionKey)).toMatch(/^<EncryptionDataKey/);
  });

  test('work at the same absolute path, because a plan is bound to it', () => {
    expect(variablesOf(plan).STAGEGATE_WORK).toMatch(/^\//);
    for (const project of [apply, inspect])
      expect(variablesOf(project).STAGEGATE_WORK).toBe(variablesOf(plan).STAGEGATE_WORK);
  });

  test('know the engines they may install: digests from the configuration, addresses of the makers or of a mirror', () => {
    const mirrored = {
      name: 'terraform',
      version: '1.12.0',
      sha256: 'b'.repeat(64),
      url: 'https://mirror.example/t.zip',
    };
    const engineVersions = [{ name: 'tofu', version: '1.10.6', sha256: 'a'.repeat(64) }, mirrored];
    for (const project of Object.values(projects({ engineVersions })))
      expect(ProjectVariablesSchema.shape.STAGEGATE_ENGINES.parse(variablesOf(project).STAGEGATE_ENGINES)).toEqual([
        {
          ...engineVersions[0],
          url: 'https://github.com/opentofu/opentofu/releases/download/v1.10.6/tofu_1.10.6_linux_arm64.zip',
        },
        mirrored,
      ]);
  });

  test('know whether they may take providers from the artifact bucket', () => {
    const caches = (configuration = {}) =>
      Object.values(projects(configuration)).map((project) => variablesOf(project).STAGEGATE_PROVIDER_CACHE);
    expect([caches(), caches({ providerCache: 'false' })]).toEqual([Array(5).fill('on'), Array(5).fill('off')]);
  });

  test('stop after the configured minutes, apply later than plan, and inspect as plan', () => {
    expect([plan, inspect, apply].map(({ TimeoutInMinutes }) => TimeoutInMinutes)).toEqual([60, 60, 240]);
    const configured = projects({ planTimeoutMinutes: '10', applyTimeoutMinutes: 480 });
    expect(configured['stagegate-plan'].TimeoutInMinutes).toBe(10);
    expect(configured[inspectProject('stagegate')].TimeoutInMinutes).toBe(10);
    expect(configured['stagegate-apply'].TimeoutInMinutes).toBe(480);
  });

  test('never limit builds at a time: CodeBuild would refuse what it otherwise queues', () => {
    for (const project of [plan, inspect, apply]) expect(project.ConcurrentBuildLimit).toBeUndefined();
  });
});

describe('the build projects of private sources', () => {
  const CONNECTION = 'arn:aws:codeconnections:eu-west-1:111111111111:connection/abc';
  const SECRET = 'arn:aws:secretsmanager:eu-west-1:111111111111:secret:git-AbCdEf';
  const configured = projects({
    allowedConnectionArns: [`github=${CONNECTION}`, `gitlab-self-managed=${CONNECTION}2`],
    allowedSecretArns: [`github-enterprise=${SECRET}`],
    allowedCodeCommitArns: ['arn:aws:codecommit:eu-west-1:111111111111:acme-config'],
  });
  const PLACEHOLDER = 'stagegate-placeholder/named-by-each-build.git';
  const sources: readonly [BuildSource, object][] = [
    [{ kind: 'public' }, { Type: 'NO_SOURCE' }],
    [
      { kind: 'codecommit' },
      { Type: 'CODECOMMIT', Location: 'https://git-codecommit.eu-west-1.<AWS::URLSuffix>/v1/repos/acme-config' },
    ],
    [
      { kind: 'connection', provider: 'github', arn: CONNECTION },
      {
        Type: 'GITHUB',
        Location: `https://github.com/${PLACEHOLDER}`,
        Auth: { Type: 'CODECONNECTIONS', Resource: CONNECTION },
      },
    ],
    [
      { kind: 'connection', provider: 'gitlab-self-managed', arn: `${CONNECTION}2` },
      {
        Type: 'GITLAB_SELF_MANAGED',
        Location: `https://git.invalid/${PLACEHOLDER}`,
        Auth: { Type: 'CODECONNECTIONS', Resource: `${CONNECTION}2` },
      },
    ],
    [
      { kind: 'secret', provider: 'github-enterprise', arn: SECRET },
      {
        Type: 'GITHUB_ENTERPRISE',
        Location: `https://git.invalid/${PLACEHOLDER}`,
        Auth: { Type: 'SECRETS_MANAGER', Resource: SECRET },
      },
    ],
  ];

  test.each(sources)('of %j are of its type and hold its credential', (source, expected) => {
    for (const purpose of PURPOSES) {
      const { BuildSpec, Location, ...others } = configured[projectName('stagegate', purpose, source)].Source;
      expect({ ...others, ...(Location && { Location: flat(Location) }) }).toEqual(expected);
      const file = join(import.meta.dirname, '..', '..', 'buildspecs', `${purpose}.yml`);
      expect(BuildSpec).toBe(readFileSync(file, 'utf8'));
    }
  });

  test('are there for what the configuration names, and for nothing else; one reads the plans of all', () => {
    const expected = PURPOSES.flatMap((purpose) =>
      [...sources.map(([source]) => source), KEPT_SOURCE].map((source) => projectName('stagegate', purpose, source)),
    );
    expect(Object.keys(configured).sort()).toEqual([...expected, inspectProject('stagegate')].sort());
    expect(Object.keys(projects()).sort()).toEqual([
      'stagegate-apply',
      'stagegate-apply-kept',
      inspectProject('stagegate'),
      'stagegate-plan',
      'stagegate-plan-kept',
    ]);
  });

  test('differ from those of public sources in nothing but source, role, log and words', () => {
    const common = ({ Name, Description, Source, ServiceRole, LogsConfig, ...others }: Resource['Properties']) =>
      others;
    for (const purpose of PURPOSES)
      for (const [source] of sources)
        expect(common(configured[projectName('stagegate', purpose, source)])).toEqual(
          common(configured[projectName('stagegate', purpose, { kind: 'public' })]),
        );
  });
});
