import { mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { join, normalize } from 'node:path';
import { completeBackend, overrideFileName } from './backend/complete-backend.ts';
import { readBackendConfigFile } from './backend/config-file.ts';
import { refuseStateElsewhere } from './backend/kept-elsewhere.ts';
import { leaveOutLocalStates } from './backend/local-states.ts';
import { readBackend } from './backend/read-backend.ts';
import { PhaseError } from './build/failure.ts';
import type { PlanBuild } from './build/run-build.ts';
import { copyCheckout } from './configuration/checkout.ts';
import { refuseEncryptionCommands } from './configuration/encryption.ts';
import { selectVariables } from './configuration/generated-variables.ts';
import { type Configuration, readConfiguration, unreadableFiles } from './configuration/read-configuration.ts';
import { refuseModuleSources } from './configuration/refuse-module-sources.ts';
import { secretsAmong } from './configuration/variable-secrets.ts';
import { declaredVariables, readFileValues } from './configuration/variables.ts';
import type { Engine } from './engine/engine.ts';
import { explainUnreadable } from './engine/explain-unreadable.ts';
import { layOutKeptTree } from './lay-out-kept-tree.ts';
import { GitObjectError } from './source/git-objects.ts';
import type { NotCheckedOut } from './source/not-checked-out.ts';
import { WholeSource } from './source/whole-source.ts';

/**
 * Prepares a plan before the engine runs: lays out the checkout, or a kept tree, at the environment's fixed path,
 * completes the backend and selects the variables. Refuses what cannot be planned safely. Returns the
 * `-backend-config` arguments of `init`, and the source, whose modules are known only after `init`.
 */
export async function preparePlan(
  build: PlanBuild,
  engine: Promise<Engine>,
): Promise<{ readonly backendArguments: readonly string[]; readonly source: WholeSource }> {
  const { variables, paths } = build;
  const { STAGEGATE_ENGINE: name, STAGEGATE_DIRECTORY: directory, STAGEGATE_KEPT_TREE: kept } = variables;
  mkdirSync(paths.tree, { recursive: true });
  const source = await (kept ? layOutKeptTree(build, kept) : layOutCheckout(build));
  source.requireWhole([directory]);
  const configuration = await readConfiguration(paths.directory, name, directory);
  refuseEncryptionCommands(configuration);
  for (const unreadable of unreadableFiles(configuration)) {
    const refused = await explainUnreadable(build, engine, unreadable);
    if (refused) throw refused;
  }
  const backendArguments = await writeBackend(build, configuration);
  const { tree } = paths;
  const { directories, given } = await refuseModuleSources(configuration, {
    tree,
    engine: name,
    secrets: build.secrets,
  });
  source.requireWhole(directories);
  await writeVariables(build, engine, configuration, given);
  return { backendArguments, source };
}

async function layOutCheckout(build: PlanBuild): Promise<WholeSource> {
  const { variables, paths, machine } = build;
  const { CODEBUILD_SRC_DIR: checkout } = machine.environment;
  if (!checkout) throw new PhaseError('checkout', 'CODEBUILD_SRC_DIR is not set: there is no checkout to plan');
  const { STAGEGATE_DIRECTORY: directory, STAGEGATE_COMMIT: commit } = variables;
  const { submodules, tooLong } = await notCheckedOut(build, checkout);
  const source = new WholeSource(build, submodules);
  source.requireIgnored();
  const leftOut = copyCheckout(realpathSync(checkout), paths.tree, directory, commit);
  const unwritten = tooLong.map((path) => ({ path, why: 'has a name that is too long for a checkout', isName: true }));
  source.without([...unwritten, ...leftOut]);
  return source;
}

/** Lists what the checkout lacks. A commit that cannot be listed is not planned: what is missing would not be noticed. */
async function notCheckedOut({ variables, machine }: PlanBuild, checkout: string): Promise<NotCheckedOut> {
  const { STAGEGATE_COMMIT: commit } = variables;
  try {
    return await machine.notCheckedOut({ checkout, PATH: machine.environment.PATH, stop: machine.stop }, commit);
  } catch (error) {
    if (!(error instanceof GitObjectError)) throw error;
    throw new PhaseError('checkout', `the files of commit ${commit} cannot be listed: ${error.message}`);
  }
}

async function writeBackend(
  { variables, paths, machine }: PlanBuild,
  configuration: Configuration,
): Promise<readonly string[]> {
  const { STAGEGATE_STATE_BUCKET: bucket, STAGEGATE_STATE_KEY: key, STAGEGATE_DIRECTORY: name } = variables;
  const isKeyFixed = variables.STAGEGATE_STATE_KEY_RULE === 'fixed';
  const { STAGEGATE_BACKEND_CONFIG_FILE: path, STAGEGATE_LOCK_TABLE: lockTable } = variables;
  const declared = readBackend(configuration, lockTable);
  const place = { root: paths.tree, name: normalize(name) };
  const file = path === '' ? undefined : await readBackendConfigFile(path, { ...place, lockTable });
  if (variables.STAGEGATE_STATE_ELSEWHERE === 'refused')
    await refuseStateElsewhere({
      ...place,
      environment: variables.STAGEGATE_ENVIRONMENT,
      declared,
      file,
      convention: { bucket, key },
    });
  leaveOutLocalStates(paths.directory, (state) => machine.log(`"${state}" is left out: the state is kept in S3`));
  const completion = completeBackend(
    { declared, file },
    {
      bucket,
      key,
      isKeyFixed,
      region: variables.STAGEGATE_REGION,
      // A custom endpoint (the local cloud) has no host name for each bucket.
      usePathStyle: machine.environment.AWS_ENDPOINT_URL_S3 !== undefined,
    },
  );
  if (completion.needsOverride)
    writeFileSync(join(paths.directory, overrideFileName), 'terraform {\n  backend "s3" {}\n}\n');
  writeFileSync(paths.backendArguments, completion.arguments.map((argument) => `${argument}\n`).join(''));
  const own = [
    ...(declared?.type === 's3' ? [`the directory's own "s3" block (${declared.file}:${declared.line})`] : []),
    ...(file ? [file.file] : []),
  ];
  machine.log(
    own.length > 0
      ? `backend: ${own.join(' with ')}${isKeyFixed ? ` with the key ${key}` : ''}`
      : `backend: s3://${bucket}/${key}`,
  );
  return completion.arguments;
}

/**
 * Writes the values that the plan gets beside the directory's own files, and notes the secrets among all values.
 * `secret`: names of variables whose values are secrets of a module.
 */
async function writeVariables(
  build: PlanBuild,
  engine: Promise<Engine>,
  configuration: Configuration,
  secret: ReadonlySet<string>,
): Promise<void> {
  const { variables, paths, secrets, machine } = build;
  const declared = declaredVariables(configuration);
  const set = await readFileValues(paths.directory);
  secrets.push(...secretsAmong(declared, set, secret));
  const name = variables.STAGEGATE_DIRECTORY;
  const selected = selectVariables(variables.STAGEGATE_VARIABLES, { name, declared, values: set.values });
  const names = Object.keys(selected);
  for (const { file, line, text } of set.unread) {
    // A value for one of these variables would be overruled without a word.
    const isContained = !names.some((variable) => text.includes(variable));
    const unreadable = { file: join(name, file), line, isContained };
    const refused = await explainUnreadable(build, engine, unreadable, OF_VALUES);
    if (refused) throw refused;
  }
  writeFileSync(paths.generatedVariables, `${JSON.stringify(selected, null, 2)}\n`);
  if (names.length > 0) machine.log(`variables set by Stagegate: ${names.join(', ')}`);
}

const OF_VALUES = { unreadable: 'variables', invalid: 'variables' } as const;
