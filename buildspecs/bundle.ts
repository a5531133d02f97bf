import { cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { extname, join } from 'node:path';
import { build } from 'esbuild';
import { RUNTIME_FILES } from './program/configuration/runtime-files.ts';
import { quickHttp } from './quick-http.ts';

const source = join(import.meta.dirname, 'program');
const packages = createRequire(import.meta.url);

const namesWith = (directory: string, extension: string) =>
  readdirSync(directory).filter((name) => extname(name) === extension);

/** What the buildspecs start, and what the local cloud loads to know where an environment's state will be. */
const entries = ['plan.ts', 'inspect.ts', 'apply.ts', 'state-address.ts'];

/**
 * Writes the asset of all builds: the buildspecs, and their programs bundled for the Node.js of CodeBuild's image. What a
 * program needs late, or not at all, is in files of its own that it loads then.
 */
export async function bundleBuildspecs(outputDirectory: string): Promise<void> {
  rmSync(outputDirectory, { recursive: true, force: true });
  mkdirSync(outputDirectory, { recursive: true });
  for (const name of namesWith(import.meta.dirname, '.yml'))
    cpSync(join(import.meta.dirname, name), join(outputDirectory, name));
  for (const [name, origin] of Object.entries(RUNTIME_FILES))
    cpSync(packages.resolve(origin), join(outputDirectory, name));
  await build({
    entryPoints: entries.map((name) => join(source, name)),
    outdir: outputDirectory,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    minify: true,
    legalComments: 'none',
    platform: 'node',
    target: 'node22',
    format: 'esm',
    mainFields: ['module', 'main'],
    logLevel: 'warning',
    plugins: [quickHttp],
    // Some packages are CommonJS and ask for modules of Node.js in that way.
    banner: {
      js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);",
    },
  });
}
