import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { build } from 'esbuild';
import { apiDocument } from '../../lambdas/api/get-openapi.ts';

/**
 * `npm run generate -w cli`: writes what of the command line is made from something else: the types of the API, and the
 * script of the board as browsers run it. With `--check` it only compares them with what is there, and ends with 1 if
 * they differ.
 */
const root = join(import.meta.dirname, '..', '..');
const generated = join(root, 'cli', 'generated');
/** The generator needs a compiler of its own version, so npm puts both into the workspace. */
const generator = join(root, 'cli', 'node_modules', 'openapi-typescript', 'bin', 'cli.js');
// Operations ask for it as they are loaded; a function has it from Lambda.
process.env.AWS_LAMBDA_FUNCTION_NAME ??= 'stagegate-open';
const API_HEAD =
  '// `npm run generate -w cli` makes this file from the OpenAPI document of the API.\n' +
  "import type { Json } from '../../lambdas/domain/json-value.ts';\n\n";

async function generatedTypes(): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'stagegate-client-'));
  try {
    const document = join(directory, 'openapi.json');
    writeFileSync(document, JSON.stringify(await apiDocument()));
    const output = join(directory, 'api.ts');
    const { status, stderr, error } = spawnSync(process.execPath, [generator, document, '--output', output], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`openapi-typescript failed: ${error?.message ?? stderr}`);
    // A type cannot contain itself in the way in which the generator writes it; it can by a name.
    return (
      API_HEAD + readFileSync(output, 'utf8').replace(/^ {8}JsonValue: [^;]*;\n {8}\};$/m, '        JsonValue: Json;')
    );
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Bundles the script of the board, with the library that it needs, as a text that the board serves. */
async function boardScript(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(root, 'cli', 'board', 'browser', 'live.ts')],
    bundle: true,
    minify: true,
    write: false,
    legalComments: 'none',
    platform: 'browser',
    target: 'es2022',
    format: 'esm',
    logLevel: 'warning',
  });
  const text = JSON.stringify(outputFiles[0]?.text.trim());
  return `// \`npm run generate -w cli\` makes this file from cli/board/browser/live.ts.\nexport const BOARD_SCRIPT =\n  ${text};\n`;
}

const isCheck = process.argv.includes('--check');
const files = { 'api.ts': generatedTypes, 'board-script.ts': boardScript };
for (const [name, make] of Object.entries(files)) {
  const file = join(generated, name);
  const wanted = await make();
  if (!isCheck) writeFileSync(file, wanted);
  else if (readFileSync(file, 'utf8') !== wanted) {
    console.error(`${relative(root, file)} is older than what it is made from: npm run generate -w cli`);
    process.exitCode = 1;
  }
}
