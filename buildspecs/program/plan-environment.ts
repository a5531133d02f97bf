import { existsSync, readFileSync } from 'node:fs';
import { listAdded } from '../../lambdas/domain/contract/added-files.ts';
import type { PlanResult } from '../../lambdas/domain/contract/build-result.ts';
import { uploading } from './artifacts/in-phase.ts';
import { withDeniedKey } from './backend/denied-key.ts';
import { allEnded } from './build/all-ended.ts';
import { PhaseError, toPhaseError } from './build/failure.ts';
import type { PlanBuild } from './build/run-build.ts';
import type { Archive } from './bundle/archive.ts';
import { refuseFilesOutside, timeOfFiles } from './bundle/files-outside.ts';
import { packBundle } from './bundle/plan-bundle.ts';
import {
  MOST_TREE_BYTES,
  packTree,
  removeForeignLinks,
  removeUncarried,
  settleModes,
  type TreeArchive,
} from './bundle/tree-archive.ts';
import { type AddedToTree, addedSince } from './bundle/tree-changes.ts';
import { readCommitObject } from './configuration/commit-object.ts';
import { localModulesIn, readManifest } from './configuration/installed-modules.ts';
import { refuseForeignModules } from './configuration/refuse-foreign-modules.ts';
import { chooseEngine } from './engine/choose-engine.ts';
import { withDeniedReads } from './engine/denied-reads.ts';
import type { Engine } from './engine/engine.ts';
import { concludeStep, runStep, type StepOutcome } from './engine/engine-step.ts';
import { parseValidation, toDiagnostic } from './engine/events.ts';
import { initialize, makeEngineReady } from './engine/initialize.ts';
import { writePlannedBy } from './engine/plan-file/planned-by.ts';
import { readPlannedState } from './engine/plan-file/planned-state.ts';
import { quotePath } from './engine/plan-file/strict-text.ts';
import { providersOf } from './engine/providers.ts';
import { showPlan } from './engine/show-plan.ts';
import { takeCredentials } from './engine/take-credentials.ts';
import { variableArguments } from './engine/variable-arguments.ts';
import { describeModules } from './modules/describe-modules.ts';
import { preparePlan } from './prepare-plan.ts';
import { describeLockFile, textOfLockFile } from './providers/describe-lock-file.ts';
import { countsOf } from './providers/prepare-providers.ts';
import { describeReads } from './reads/describe-reads.ts';

/** Exit codes of `plan -detailed-exitcode`. */
const NO_CHANGES = 0;
const CHANGES = 2;
const SUCCEEDED: readonly number[] = [NO_CHANGES, CHANGES];

/** Plans one environment and uploads the plan bundle, which reviewers approve and the apply build applies. */
export async function planEnvironment(build: PlanBuild): Promise<PlanResult> {
  const { variables, paths, artifacts } = build;
  build.enter('checkout');
  // Problems of the checkout are reported first. A failure of work beside it is reported when its result is needed.
  const chosen = chosenEngine(build);
  const ready = build.beside(makeEngineReady(build, chosen));
  const credentials = takeCredentials(build);
  credentials.catch(() => undefined);
  const reading = readCommitObject(build);
  const { backendArguments, source } = await preparePlan(build, ready);
  const providers = await providersOf(build);
  const engine = await ready;
  await credentials;
  // Read before the engine runs: code of the repository could change the source, which would prove nothing then.
  const commit = await reading;

  const committed = textOfLockFile(paths.directory);
  const initialized = initialize(build, engine, { providers, arguments: backendArguments });
  // Loading the SDK keeps this process busy. That does not matter now, because the engine is running already.
  artifacts.warmUp();
  const backend = await explained(build, initialized);
  refuseForeignModules(paths);
  source.requireWhole(localModulesIn(paths));
  writePlannedBy(build, chosen);
  const tree = await keepTree(build, committed);
  const began = timeOfFiles(paths);
  // From here on, code of the repository may run.
  const exitCode = await explained(build, plan(build, engine));

  build.enter('show');
  const saved = readFileSync(paths.plan);
  const [, { bundle, carried }, state] = await allEnded([
    showPlan(build, engine),
    pack(build, tree),
    readPlannedState(saved),
  ]);
  const shown = { plan: readFileSync(paths.planJson), modules: readManifest(paths.directory) };
  // A destruction makes nothing of files, and must be able to end what older plans have made.
  if (variables.STAGEGATE_OPERATION !== 'destroy')
    refuseFilesOutside(shown.plan, { paths, began, tree, carried, secrets: build.secrets });

  build.enter('upload');
  const [bundleAddress, planJson, modulesAddress] = await uploading('the plan', () =>
    Promise.all([
      artifacts.put('bundle', bundle.bytes, bundle.sha256),
      artifacts.put('planJson', shown.plan),
      artifacts.put('modules', shown.modules),
    ]),
  );
  const digest = bundle.sha256.toString('hex');
  build.log(`plan bundle ${digest}`);
  return {
    ok: true,
    operation: variables.STAGEGATE_OPERATION,
    engine: { name: variables.STAGEGATE_ENGINE, version: engine.version },
    exitCode,
    digest,
    bundle: bundleAddress,
    planJson,
    modules: modulesAddress,
    backend,
    state,
    createdAt: new Date().toISOString(),
    ...(commit !== undefined && { commit }),
    added: listAdded(carried.added),
    ...(providers && { providers: countsOf(providers) }),
  };
}

/** Waits for a step. If the role was not allowed to read something or to use a key, the error says where to allow it. */
const explained = <T>(build: PlanBuild, step: Promise<T>): Promise<T> =>
  step.catch((error) => {
    throw withDeniedKey(withDeniedReads(error, (line) => build.log(line)));
  });

const chosenEngine = ({ variables }: PlanBuild) =>
  chooseEngine(variables.STAGEGATE_ENGINES, {
    name: variables.STAGEGATE_ENGINE,
    version: variables.STAGEGATE_ENGINE_VERSION,
  });

async function plan(build: PlanBuild, engine: Engine): Promise<typeof NO_CHANGES | typeof CHANGES> {
  const { variables, paths } = build;
  build.enter('plan');
  const attempt = (lockTimeout: string) =>
    runStep(build, engine, 'plan', {
      arguments: [
        ...['plan', '-input=false', '-json', '-detailed-exitcode', `-lock-timeout=${lockTimeout}`],
        ...[`-out=${paths.plan}`, `-var-file=${paths.generatedVariables}`],
        ...(variables.STAGEGATE_OPERATION === 'destroy' ? ['-destroy'] : []),
      ],
    });
  let outcome = await attempt('0s');
  if (isLocked(outcome)) {
    // The engine checks the configuration only when it has the lock. A mistake must not wait for somebody else's run.
    await requireValid(build, engine);
    build.log(`somebody else has locked the state; waiting for at most ${variables.STAGEGATE_LOCK_TIMEOUT}`);
    outcome = await attempt(variables.STAGEGATE_LOCK_TIMEOUT);
  }
  // A program in Go that crashes ends with 2 as well, and saves nothing.
  const isUnsaved = SUCCEEDED.includes(outcome.exitCode) && !existsSync(paths.plan);
  const errorOutput = outcome.errorOutput.trim() || 'it saved no plan';
  concludeStep(build, engine, isUnsaved ? { ...outcome, errorOutput } : outcome, isUnsaved ? [] : SUCCEEDED);
  const exitCode = outcome.exitCode === CHANGES ? CHANGES : NO_CHANGES;
  build.log(exitCode === CHANGES ? 'The plan has changes.' : 'The plan has no changes.');
  return exitCode;
}

const isLocked = ({ exitCode, diagnostics, wasStopped }: StepOutcome): boolean =>
  exitCode === 1 && !wasStopped && diagnostics.some(({ summary }) => summary === 'Error acquiring the state lock');

async function requireValid(build: PlanBuild, engine: Engine): Promise<void> {
  const { validation, generatedVariables } = build.paths;
  const outcome = await runStep(build, engine, 'plan', {
    arguments: ['validate', '-json', ...variableArguments(engine, 'validate', generatedVariables)],
    outputFile: validation,
  });
  const diagnostics = parseValidation(readFileSync(validation, 'utf8')).map((event) =>
    toDiagnostic(event, build.variables.STAGEGATE_DIRECTORY),
  );
  concludeStep(build, engine, { ...outcome, diagnostics });
}

/**
 * Uploads what is planned and will be applied, the identities of its modules, and what it reads of the repository, before
 * any code of the repository has run that could change it. `lockFile`: text of the commit's lock file.
 */
async function keepTree(build: PlanBuild, lockFile: string | undefined): Promise<TreeArchive> {
  const { artifacts, paths } = build;
  build.enter('bundle');
  for (const path of removeForeignLinks(paths))
    build.log(`${quotePath(path)} is left out: it leads out of the repository`);
  settleModes(paths);
  const tree = await packTree(paths);
  if (tree.bytes.length > MOST_TREE_BYTES)
    throw new PhaseError(
      'bundle',
      `the repository and its modules have ${tree.bytes.length} bytes packed, more than ${MOST_TREE_BYTES}`,
    );
  const locked = await describeLockFile(paths.directory, lockFile);
  const identities = await describeModules(build, build.variables.STAGEGATE_ENGINE, locked);
  const reads = describeReads(build, build.variables.STAGEGATE_ENGINE);
  // Only now: the commits of modules were read from their histories.
  removeUncarried(paths);
  build.enter('upload');
  await uploading('what is planned', () =>
    Promise.all([
      artifacts.put('tree', tree.bytes, tree.sha256),
      identities !== undefined && artifacts.put('identities', identities),
      reads !== undefined && artifacts.put('reads', reads),
    ]),
  );
  return tree;
}

async function pack(build: PlanBuild, tree: TreeArchive): Promise<{ bundle: Archive; carried: AddedToTree }> {
  const { paths, variables } = build;
  try {
    const carried = await addedSince(tree, paths, (refusal) => {
      if (variables.STAGEGATE_OPERATION !== 'destroy') throw refusal;
      build.log(`a destruction goes on all the same: ${refusal.message}`);
    });
    for (const path of carried.addedLinks)
      build.log(`${quotePath(path)} is a link that the plan made: it is not carried to the apply`);
    return { bundle: await packBundle(paths, tree, carried.added), carried };
  } catch (error) {
    throw toPhaseError(error, 'bundle');
  }
}
