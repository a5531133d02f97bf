import { describe, expect, test } from '@jest/globals';
import { type Configuration, compareParity } from '../../../lambdas/domain/plan/parity.ts';
import { analyse, type Document, planOf, recordedPlan } from './plan-documents.ts';

const versionOf = (source: string, call: Document = {}, options: Parameters<typeof analyse>[1] = {}) =>
  analyse(
    planOf({ configuration: { root_module: { module_calls: { web: { source, module: {}, ...call } } } } }),
    options,
  ).modules[0];

describe('the version of a module call', () => {
  test.each<[string, string, string]>([
    ['git::https://github.com/acme/modules.git//modules/web?ref=web-v1.2.3', '1.2.3', 'web-v1.2.3'],
    ['github.com/acme/modules//modules/web?ref=web/v1.2.3', '1.2.3', 'web/v1.2.3'],
    ['git::ssh://git@github.com/acme/web.git?ref=v2.0.0', '2.0.0', 'v2.0.0'],
    ['git::https://github.com/acme/web.git?ref=v2.0.0-rc.1', '2.0.0-rc.1', 'v2.0.0-rc.1'],
  ])('%s is %s', (source, version, ref) => {
    expect(versionOf(source)).toMatchObject({ version, ref });
    expect(versionOf(source)?.versionOf).toBeUndefined();
  });

  test.each<[string, string]>([
    ['git::https://github.com/acme/web.git?ref=1.4.0', '1.4.0'],
    ['git::https://github.com/acme/web.git?depth=1&ref=main', 'main'],
    ['git::https://github.com/acme/web.git?ref=4f2c9d1', '4f2c9d1'],
    ['git::https://github.com/acme/web.git', 'unpinned'],
    ['oci://registry.example.com/web?tag=1.0.0', '1.0.0'],
    ['hg::https://example.com/web?rev=12', '12'],
    ['./modules/web', 'local'],
    ['../web', 'local'],
  ])('%s is %s', (source, version) => {
    expect(versionOf(source)?.version).toBe(version);
  });

  test('a tag of another module of the repository says whose number it is', () => {
    expect(versionOf('github.com/acme/modules//modules/logs?ref=web-v1.2.3')).toMatchObject({
      version: '1.2.3',
      ref: 'web-v1.2.3',
      versionOf: 'web',
    });
  });

  test('a registry module is its constraint, or what init chose', () => {
    const call = { version_constraint: '~> 5.0' };
    expect(versionOf('terraform-aws-modules/vpc/aws', call)?.version).toBe('~> 5.0');
    const modulesJson = {
      Modules: [
        { Key: '', Source: '', Dir: '.' },
        { Key: 'web', Source: 'registry.terraform.io/terraform-aws-modules/vpc/aws', Version: '5.8.1', Dir: 'x' },
      ],
    };
    expect(versionOf('terraform-aws-modules/vpc/aws', call, { modulesJson })?.version).toBe('5.8.1');
  });

  test('a manifest that cannot be read is no reason to fail', () => {
    expect(versionOf('a/b/c', { version_constraint: '1.0.0' }, { modulesJson: { Modules: 'none' } })?.version).toBe(
      '1.0.0',
    );
  });

  test('a local path is the commit of the release', () => {
    expect(versionOf('./modules/web', {}, { commit: '4f2c9d1' })?.version).toBe('4f2c9d1');
  });

  test('nested calls inherit by local path and have their own by ref or registry', () => {
    const { modules } = analyse(
      planOf({
        configuration: {
          root_module: {
            module_calls: {
              platform: {
                source: 'git::https://github.com/acme/platform.git//stacks/all?ref=v3.1.0',
                module: {
                  module_calls: {
                    near: { source: '../near', module: { module_calls: { deeper: { source: './deeper' } } } },
                    far: { source: 'github.com/acme/far?ref=v0.9.0' },
                    bought: {
                      source: 'terraform-aws-modules/vpc/aws',
                      version_constraint: '5.1.0',
                      module: { module_calls: { inner: { source: './inner' } } },
                    },
                  },
                },
              },
            },
          },
        },
      }),
      { commit: 'abc', modulesJson: { Modules: [{ Key: 'platform.bought', Source: 'x', Version: '5.1.2' }] } },
    );
    expect(Object.fromEntries(modules.map(({ call, version }) => [call, version]))).toEqual({
      'module.platform': '3.1.0',
      'module.platform.module.near': '3.1.0',
      'module.platform.module.near.module.deeper': '3.1.0',
      'module.platform.module.far': '0.9.0',
      'module.platform.module.bought': '5.1.2',
      'module.platform.module.bought.module.inner': '5.1.2',
    });
  });

  test.each([
    ['git::https://user:t0ken@github.com/acme/web.git?ref=v1.0.0', 'git::https://github.com/acme/web.git?ref=v1.0.0'],
    ['git::ssh://git@github.com/acme/web.git', 'git::ssh://git@github.com/acme/web.git'],
    ['https://evil.example?@example.com/web', 'https://evil.example?@example.com/web'],
    ['https://evil.example#@example.com/web', 'https://evil.example#@example.com/web'],
    ['https://example.com/web.zip?token=abcdef', 'https://example.com/web.zip?token=(sensitive)'],
    [
      'git::ssh://git@github.com/acme/web.git?sshkey=LS0tLS1CRUdJTg&ref=v1',
      'git::ssh://git@github.com/acme/web.git?sshkey=(sensitive)&ref=v1',
    ],
  ])('credentials in a source are not shown: %s', (source, shown) => {
    expect(versionOf(source)?.source).toBe(shown);
  });
});

describe('parity of staging and production', () => {
  const stage: Configuration = {
    modules: [
      {
        call: 'module.web',
        source: 'github.com/acme/modules//web?ref=web-v2.0.0',
        version: '2.0.0',
        arguments: ['name', 'replicas'],
      },
      { call: 'module.logs', source: './modules/logs', version: 'abc' },
      { call: 'module.trial', source: './modules/trial', version: 'abc' },
    ],
    variables: ['name', 'debug'],
  };
  const production: Configuration = {
    modules: [
      {
        call: 'module.web',
        source: 'github.com/acme/modules//web?ref=web-v1.9.0',
        version: '1.9.0',
        arguments: ['name', 'replicas', 'backup'],
      },
      { call: 'module.logs', source: './modules/logs', version: 'abc' },
    ],
    variables: ['name', 'domain'],
  };

  test('names what differs, and only that', () => {
    expect(compareParity(stage, production)).toEqual({
      same: false,
      compared: ['modules', 'variables'],
      resources: null,
      modules: [
        { call: 'module.trial', stage: { source: './modules/trial', version: 'abc' }, production: null },
        {
          call: 'module.web',
          stage: { source: 'github.com/acme/modules//web?ref=web-v2.0.0', version: '2.0.0' },
          production: { source: 'github.com/acme/modules//web?ref=web-v1.9.0', version: '1.9.0' },
        },
      ],
      variables: { onlyInStage: ['debug'], onlyInProduction: ['domain'] },
      arguments: [{ call: 'module.web', onlyInStage: [], onlyInProduction: ['backup'] }],
    });
  });

  test('of an environment with itself is perfect', () => {
    expect(compareParity(stage, stage)).toEqual({
      same: true,
      compared: ['modules', 'variables'],
      resources: null,
      modules: [],
      variables: { onlyInStage: [], onlyInProduction: [] },
      arguments: [],
    });
  });

  test('the same version from another place is a difference', () => {
    const forked = {
      ...stage,
      modules: stage.modules.map((module) => ({ ...module, source: module.source.replace('acme', 'fork') })),
    };
    expect(compareParity(stage, forked).modules.map(({ call }) => call)).toEqual(['module.web']);
  });

  test('is read from an analysis as it is', () => {
    const one = analyse(recordedPlan('18-module-version-upgrade'));
    const other = analyse(recordedPlan('18-module-version-upgrade'));
    expect(compareParity(one, other).same).toBe(true);
    expect(compareParity(one, analyse(recordedPlan('03-resize-database'))).variables.onlyInProduction).toContain(
      'instance_class',
    );
  });
});
