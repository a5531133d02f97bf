import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

/** `npm run build -w cli`: bundles the command line, with everything that it needs, into one file. */
const cli = join(import.meta.dirname, '..', '..', 'cli');
const outfile = join(cli, 'dist', 'stagegate.js');

await build({
  entryPoints: [join(cli, 'main.ts')],
  outfile,
  bundle: true,
  minify: true,
  // Minified names would appear in messages.
  keepNames: true,
  legalComments: 'none',
  platform: 'node',
  target: 'node20',
  format: 'esm',
  mainFields: ['module', 'main'],
  logLevel: 'warning',
  // Some packages are CommonJS and load modules of Node.js with `require`.
  banner: {
    js: "#!/usr/bin/env node\nimport { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);",
  },
});
chmodSync(outfile, 0o755);
