import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { FUNCTIONS } from '../../lambdas/functions.ts';
import { makeApp } from '../../lib/stagegate-app.ts';
import type { Bundles } from '../../lib/stagegate-stack.ts';

const root = join(import.meta.dirname, '..', '..');

/** The feature flags that the CLI passes. */
const CDK_CONTEXT: Record<string, unknown> = JSON.parse(readFileSync(join(root, 'cdk.json'), 'utf8')).context;

/** Makes stand-ins for the bundles, because the template of the stack does not depend on their contents. */
export function makeStandIns(): Bundles & { remove(): void } {
  const directory = mkdtempSync(join(tmpdir(), 'stagegate-stand-ins-'));
  const functionsDirectory = join(directory, 'functions');
  for (const name of Object.keys(FUNCTIONS)) {
    mkdirSync(join(functionsDirectory, name), { recursive: true });
    writeFileSync(join(functionsDirectory, name, 'index.mjs'), `export const handler = async () => '${name}';\n`);
  }
  const buildspecsDirectory = join(directory, 'buildspecs');
  mkdirSync(buildspecsDirectory);
  for (const file of readdirSync(join(root, 'buildspecs')).filter((name) => name.endsWith('.yml')))
    cpSync(join(root, 'buildspecs', file), join(buildspecsDirectory, file));
  return {
    functionsDirectory,
    buildspecsDirectory,
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** Makes the app of these bundles with the given `stagegate:` configuration, ready for plugins or to be synthesized. */
export function appWith(
  configuration: Readonly<Record<string, unknown>>,
  bundles: Bundles,
  outdir = outputBeside(bundles),
): App {
  const ours = Object.entries(configuration).map(([key, value]) => [`stagegate:${key}`, value]);
  return makeApp(bundles, { context: { ...CDK_CONTEXT, ...Object.fromEntries(ours) }, outdir });
}

/** Makes an empty app, for tests of single constructs. */
export const emptyApp = (bundles: Bundles): App => new App({ outdir: outputBeside(bundles) });

const outputBeside = (bundles: Bundles): string => mkdtempSync(join(bundles.functionsDirectory, '..', 'cdk.out-'));
