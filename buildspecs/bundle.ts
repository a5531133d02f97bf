import { cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { extname, join } from 'node:path';
import { build } from 'esbuild';
import { quickHttp } from './quick-http.ts';

const source = join(import.meta.dirname, 'program');

const namesWith = (directory: string, extension: string) =>
  readdirSync(directory).filter((name) => extname(name) === extension);

/** The programs that the buildspecs start, and the module by which the local cloud finds an environment's state. */
const entries = ['plan.ts', 'inspect.ts', 'apply.ts', 'state-address.ts'];

/**
 * Writes the asset of all builds: the buildspecs, and their programs bundled for the Node.js of CodeBuild's image. Code
 * that a program needs late, or not always, is in separate files, which the program loads when it needs them.
 */
export async function bundleBuildspecs(outputDirectory: string): Promise<void> {
  rmSync(outputDirectory, { recursive: true, force: true });
  mkdirSync(outputDirectory, { recursive: true });
  for (const name of namesWith(import.meta.dirname, '.yml'))
    cpSync(join(import.meta.dirname, name), join(outputDirectory, name));
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
    // Some packages are CommonJS and load modules of Node.js with `require`.
    banner: {
      js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);",
    },
  });
}
