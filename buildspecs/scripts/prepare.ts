/**
 * First step of a plan: copies the checkout to the environment's fixed path, completes the backend and selects the
 * variables. Writes the arguments that `init` needs and the var file; refuses what cannot be planned safely.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeDiagnostic, findCause, PhaseError } from './build/failure.ts';
import { runPhases } from './build/run-phases.ts';
import { type BuildVariables, readPlanVariables, readVariables, type WorkPaths, workPaths } from './build/variables.ts';
import { completeBackend, overrideFileName, readBackend } from './configuration/backend.ts';
import { copyCheckout } from './configuration/checkout.ts';
import { selectVariables } from './configuration/generated-variables.ts';
import { secretsAmong } from './configuration/variable-secrets.ts';
import { readDeclaredVariables, readFileValues } from './configuration/variables.ts';
import { parseEvent, toDiagnostic } from './engine/events.ts';

/** The engine explains its own language best: where our parser gives up, its message is the one to show. */
function explainSyntaxError(variables: BuildVariables, paths: WorkPaths, error: PhaseError): PhaseError {
  const binary = process.env.STAGEGATE_ENGINE_BINARY ?? variables.STAGEGATE_ENGINE;
  const { stdout } = spawnSync(binary, ['init', '-backend=false', '-input=false', '-json'], {
    cwd: paths.directory,
    encoding: 'utf8',
  });
  const diagnostics = (stdout ?? '').split('\n').flatMap((line) => {
    const event = parseEvent(line);
    return event?.type === 'diagnostic' ? [toDiagnostic(event.diagnostic, variables.STAGEGATE_DIRECTORY)] : [];
  });
  const cause = findCause(diagnostics);
  return cause?.file ? new PhaseError('init', describeDiagnostic(cause), { diagnostics }) : error;
}

async function completeDirectory(variables: BuildVariables, paths: WorkPaths): Promise<void> {
  const declared = await readBackend(paths.directory, variables.STAGEGATE_ENGINE, variables.STAGEGATE_DIRECTORY);
  const completion = completeBackend(declared, {
    bucket: variables.STAGEGATE_STATE_BUCKET,
    key: variables.STAGEGATE_STATE_KEY,
    isKeyFixed: variables.STAGEGATE_STATE_KEY_RULE === 'fixed',
    region: variables.STAGEGATE_REGION,
    // An endpoint of one's own (the local cloud) has no host name for each bucket.
    usePathStyle: process.env.AWS_ENDPOINT_URL_S3 !== undefined,
  });
  if (completion.needsOverride) {
    writeFileSync(join(paths.directory, overrideFileName), 'terraform {\n  backend "s3" {}\n}\n');
  }
  writeFileSync(paths.backendArguments, completion.arguments.map((argument) => `${argument}\n`).join(''));
  const key = variables.STAGEGATE_STATE_KEY_RULE === 'fixed' ? ` with the key ${variables.STAGEGATE_STATE_KEY}` : '';
  console.log(
    declared?.type === 's3'
      ? `backend: the directory's own "s3" block (${declared.file}:${declared.line})${key}`
      : `backend: s3://${variables.STAGEGATE_STATE_BUCKET}/${variables.STAGEGATE_STATE_KEY}`,
  );
}

/** What the plan is told beside the directory's own files, and which of its values must never be shown. */
async function writeVariables(
  { STAGEGATE_DIRECTORY: name, STAGEGATE_ENGINE: engine }: BuildVariables,
  paths: WorkPaths,
) {
  const [declared, values] = [
    await readDeclaredVariables(paths.directory, engine),
    await readFileValues(paths.directory),
  ];
  writeFileSync(paths.secrets, JSON.stringify(secretsAmong(declared, values)), { mode: 0o600 });
  const selected = selectVariables(readPlanVariables().STAGEGATE_VARIABLES, { name, declared, values });
  writeFileSync(paths.generatedVariables, `${JSON.stringify(selected, null, 2)}\n`);
  if (Object.keys(selected).length > 0) console.log(`variables set by Stagegate: ${Object.keys(selected).join(', ')}`);
}

await runPhases(async () => {
  const variables = readVariables();
  const paths = workPaths(variables);
  const { CODEBUILD_SRC_DIR: checkout } = process.env;
  if (!checkout) throw new PhaseError('checkout', 'CODEBUILD_SRC_DIR is not set: there is no checkout to plan');
  mkdirSync(paths.tree, { recursive: true });
  copyCheckout(realpathSync(checkout), paths.tree, variables.STAGEGATE_DIRECTORY, variables.STAGEGATE_COMMIT);
  try {
    await completeDirectory(variables, paths);
  } catch (error) {
    if (error instanceof PhaseError && error.reason === 'unparsable') throw explainSyntaxError(variables, paths, error);
    throw error;
  }
  await writeVariables(variables, paths);
});
