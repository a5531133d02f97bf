import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { Asset } from '../services/local-context.ts';
import { parseTemplate, type Template } from './template.ts';

/** A stack of a synthesized cloud assembly. */
interface AssemblyStack {
  readonly name: string;
  readonly template: Template;
}

/** The result of CDK's synthesis: the stacks' templates and the file assets that they refer to. */
export interface CloudAssembly {
  readonly directory: string;
  readonly stacks: readonly AssemblyStack[];
  /** Returns the stack; throws an error that names it when there is no such stack. */
  stack(name: string): AssemblyStack;
  /** Returns a function that finds assets by their S3 location, as written for one account and region. */
  assetFinder(accountId: string, region: string): (location: { bucket: string; key: string }) => Asset | undefined;
}

const ManifestSchema = z.object({
  artifacts: z.record(
    z.string(),
    z.object({ type: z.string(), properties: z.record(z.string(), z.unknown()).optional() }),
  ),
});
const StackPropertiesSchema = z.object({ templateFile: z.string(), stackName: z.string().optional() });
const AssetManifestPropertiesSchema = z.object({ file: z.string() });

const AssetManifestSchema = z.object({
  files: z
    .record(
      z.string(),
      z.object({
        source: z.strictObject({ path: z.string(), packaging: z.enum(['zip', 'file']) }),
        destinations: z.record(z.string(), z.object({ bucketName: z.string(), objectKey: z.string() })),
      }),
    )
    .default({}),
  dockerImages: z.record(z.string(), z.unknown()).default({}),
});

/** Artifacts that describe the construct tree, not what is deployed. */
const INFORMATIVE_ARTIFACTS = new Set(['cdk:tree', 'cdk:feature-flag-report']);

/**
 * Reads the assembly in `directory` (CDK's `cdk.out`). Throws an error that names any content it does not understand.
 */
export function loadAssembly(directory: string): CloudAssembly {
  const manifest = ManifestSchema.parse(readJson(join(directory, 'manifest.json')));
  // Each stack with its id in the app, which is the same whatever the installation is called.
  const stacks: (AssemblyStack & { readonly id: string })[] = [];
  const destinations: { bucketName: string; objectKey: string; asset: Asset }[] = [];
  for (const [id, { type, properties }] of Object.entries(manifest.artifacts)) {
    if (INFORMATIVE_ARTIFACTS.has(type)) continue;
    if (type === 'aws:cloudformation:stack') {
      const { templateFile, stackName } = StackPropertiesSchema.parse(properties);
      stacks.push({
        id,
        name: stackName ?? id,
        template: parseTemplate(readJson(join(directory, templateFile)), templateFile),
      });
    } else if (type === 'cdk:asset-manifest') {
      destinations.push(...readAssets(directory, AssetManifestPropertiesSchema.parse(properties).file));
    } else {
      throw new Error(
        `reading assembly ${directory}: artifact ${id} of type ${type} is not supported by the local cloud`,
      );
    }
  }
  return {
    directory,
    stacks,
    stack(name) {
      const stack = stacks.find((candidate) => candidate.name === name || candidate.id === name);
      if (!stack) {
        throw new Error(
          `assembly ${directory} has no stack ${name}, only ${stacks.map((each) => each.name).join(', ')}`,
        );
      }
      return stack;
    },
    assetFinder(accountId, region) {
      const pseudo: Readonly<Record<string, string>> = { AccountId: accountId, Region: region, Partition: 'aws' };
      const substitute = (text: string): string =>
        text.replace(/\$\{AWS::(\w+)\}/g, (placeholder, name: string) => pseudo[name] ?? placeholder);
      const assets = new Map(
        destinations.map(({ bucketName, objectKey, asset }) => [
          `${substitute(bucketName)}/${substitute(objectKey)}`,
          asset,
        ]),
      );
      return ({ bucket, key }) => assets.get(`${bucket}/${key}`);
    },
  };
}

function readAssets(directory: string, file: string): { bucketName: string; objectKey: string; asset: Asset }[] {
  const { files, dockerImages } = AssetManifestSchema.parse(readJson(join(directory, file)));
  const [image] = Object.keys(dockerImages);
  if (image !== undefined)
    throw new Error(`reading ${file}: Docker image asset ${image} is not supported by the local cloud`);
  return Object.values(files).flatMap(({ source, destinations }) =>
    Object.values(destinations).map((destination) => ({
      ...destination,
      asset: { path: join(directory, source.path), packaging: source.packaging },
    })),
  );
}

const readJson = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));
