import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { apiDocument } from '../../lambdas/api/get-openapi.ts';

/**
 * `npm run generate -w cli`: writes the types of the API for the client of the command line. With `--check` it only
 * compares them with what is there, and ends with 1 if they differ.
 */
const root = join(import.meta.dirname, '..', '..');
const file = join(root, 'cli', 'generated', 'api.ts');
/** The generator needs a compiler of its own version, so npm puts both into the workspace. */
const generator = join(root, 'cli', 'node_modules', 'openapi-typescript', 'bin', 'cli.js');
// Operations ask for it as they are loaded; a function has it from Lambda.
process.env.AWS_LAMBDA_FUNCTION_NAME ??= 'stagegate-open';
const HEAD =
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
    return HEAD + readFileSync(output, 'utf8').replace(/^ {8}JsonValue: [^;]*;\n {8}\};$/m, '        JsonValue: Json;');
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const wanted = await generatedTypes();
const isCheck = process.argv.includes('--check');
if (!isCheck) writeFileSync(file, wanted);
else if (readFileSync(file, 'utf8') !== wanted) {
  console.error(`${relative(root, file)} is older than the API: npm run generate -w cli`);
  process.exitCode = 1;
}
