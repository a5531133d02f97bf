import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleHandler } from './core-cloud.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/**
 * Writes a cloud assembly as CDK does, with a stack of `resources` and bundles of `handlers`; returns its directory.
 */
export function writeMiniAssembly(
  resources: Readonly<Record<string, unknown>>,
  handlers: Readonly<Record<string, string>>,
): string {
  const directory = temporaryDirectory();
  const bucketName = 'assets';
  const files = Object.fromEntries(
    Object.keys(handlers).map((name) => [
      name,
      { source: { path: `asset.${name}`, packaging: 'zip' }, destinations: { here: { bucketName, objectKey: name } } },
    ]),
  );
  for (const [name, source] of Object.entries(handlers)) {
    mkdirSync(join(directory, `asset.${name}`));
    bundleHandler(join(directory, `asset.${name}`), source);
  }
  const write = (name: string, content: unknown) => writeFileSync(join(directory, name), JSON.stringify(content));
  write('manifest.json', {
    artifacts: {
      Assets: { type: 'cdk:asset-manifest', properties: { file: 'assets.json' } },
      Stagegate: { type: 'aws:cloudformation:stack', properties: { templateFile: 'template.json' } },
    },
  });
  write('assets.json', { files });
  write('template.json', { Resources: resources });
  return directory;
}
