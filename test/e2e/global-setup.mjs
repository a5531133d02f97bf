import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import startSharedDynamoDb from '../harness/shared-dynamodb.mjs';
import { CONNECTION, synthesisArguments } from './assembly-context.mjs';

/** Synthesizes the app once for all end-to-end suites: they use this template and import no handler. */
export default async function synthesizeOnce() {
  const started = startSharedDynamoDb();
  const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
  const output = join(root, '.stagegate', 'e2e-assembly');
  execFileSync(process.execPath, synthesisArguments(output), { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  process.env.STAGEGATE_E2E_ASSEMBLY = output;
  process.env.STAGEGATE_E2E_CONNECTION = CONNECTION;
  await started;
}
