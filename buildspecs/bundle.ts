import { cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { extname, join } from 'node:path';
import { build } from 'esbuild';
import { RUNTIME_FILES } from './scripts/configuration/runtime-files.ts';

const source = join(import.meta.dirname, 'scripts');
const packages = createRequire(import.meta.url);

const namesWith = (directory: string, extension: string) =>
  readdirSync(directory).filter((name) => extname(name) === extension);

/**
 * Writes the asset of both builds: the buildspecs, and in `scripts/` the shell scripts with every program (each
 * TypeScript file that stands beside them) bundled for the Node.js of CodeBuild's image.
 */
export async function bundleBuildspecs(outputDirectory: string): Promise<void> {
  const output = join(outputDirectory, 'scripts');
  rmSync(outputDirectory, { recursive: true, force: true });
  mkdirSync(output, { recursive: true });
  for (const name of namesWith(import.meta.dirname, '.yml'))
    cpSync(join(import.meta.dirname, name), join(outputDirectory, name));
  for (const name of namesWith(source, '.sh')) cpSync(join(source, name), join(output, name));
  for (const [name, origin] of Object.entries(RUNTIME_FILES)) cpSync(packages.resolve(origin), join(output, name));
  await build({
    entryPoints: namesWith(source, '.ts').map((name) => join(source, name)),
    outdir: output,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    minify: true,
    legalComments: 'none',
    platform: 'node',
    target: 'node22',
    format: 'esm',
    mainFields: ['module', 'main'],
    logLevel: 'warning',
  });
}
