// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are placeholders of CloudFormation
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { loadAssembly } from '../../../local/assembly/cloud-assembly.ts';
import { readDeployedAssemblies } from '../../../local/assembly/deployed-assemblies.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

function writeAssembly(artifacts: Record<string, unknown>, files: Record<string, unknown>): string {
  const directory = temporaryDirectory();
  writeFileSync(join(directory, 'manifest.json'), JSON.stringify({ version: '55.0.0', artifacts }));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), JSON.stringify(content));
  return directory;
}

const assets = {
  files: {
    abc: {
      displayName: 'Code',
      source: { path: 'asset.abc', packaging: 'zip' },
      destinations: {
        'current_account-current_region': {
          bucketName: 'cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}',
          objectKey: 'abc.zip',
          assumeRoleArn: 'arn:${AWS::Partition}:iam::${AWS::AccountId}:role/x',
        },
      },
    },
  },
  dockerImages: {},
};

const artifacts = {
  Tree: { type: 'cdk:tree', properties: { file: 'tree.json' } },
  'Stagegate.assets': { type: 'cdk:asset-manifest', properties: { file: 'Stagegate.assets.json' } },
  Stagegate: { type: 'aws:cloudformation:stack', properties: { templateFile: 'Stagegate.template.json' } },
};

describe('reading a cloud assembly', () => {
  const directory = writeAssembly(artifacts, {
    'Stagegate.assets.json': assets,
    'Stagegate.template.json': { Resources: { A: { Type: 'X::Y::Z' } } },
  });

  test('finds the stack and the directory behind an asset location', () => {
    const assembly = loadAssembly(directory);
    expect(Object.keys(assembly.stack('Stagegate').template.Resources)).toEqual(['A']);
    const findAsset = assembly.assetFinder('000000000000', 'eu-west-1');
    expect(findAsset({ bucket: 'cdk-hnb659fds-assets-000000000000-eu-west-1', key: 'abc.zip' })).toEqual({
      path: join(directory, 'asset.abc'),
      packaging: 'zip',
    });
  });

  test('fails by name for a stack or an asset that is not there', () => {
    const assemblies = readDeployedAssemblies(directory, '1', 'r');
    expect(() => assemblies.stack('Other')).toThrow('has no stack Other, only Stagegate');
    expect(() => assemblies.findAsset({ bucket: 'b', key: 'k' })).toThrow('has an asset for s3://b/k');
  });

  test('replaced by another one, the newer stacks count, and the older assets stay', () => {
    const assemblies = readDeployedAssemblies(directory, '000000000000', 'eu-west-1');
    const none = { ...assets, files: {} };
    assemblies.replace(
      writeAssembly(artifacts, {
        'Stagegate.assets.json': none,
        'Stagegate.template.json': { Resources: { B: { Type: 'X::Y::Z' } } },
      }),
    );
    expect(Object.keys(assemblies.stack('Stagegate').template.Resources)).toEqual(['B']);
    const older = { bucket: 'cdk-hnb659fds-assets-000000000000-eu-west-1', key: 'abc.zip' };
    expect(assemblies.findAsset(older).path).toBe(join(directory, 'asset.abc'));
  });

  test('fails by name for artifacts it does not know', () => {
    const nested = writeAssembly({ Stage: { type: 'cdk:cloud-assembly' } }, {});
    expect(() => loadAssembly(nested)).toThrow('artifact Stage of type cdk:cloud-assembly is not supported');
    const images = writeAssembly(
      { A: { type: 'cdk:asset-manifest', properties: { file: 'a.json' } } },
      { 'a.json': { dockerImages: { img: {} } } },
    );
    expect(() => loadAssembly(images)).toThrow('Docker image asset img is not supported');
  });
});
