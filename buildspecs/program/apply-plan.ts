import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ApplyResult } from '../../lambdas/domain/contract/build-result.ts';
import { RUN_OBJECTS } from '../../lambdas/domain/contract/run-objects.ts';
import { countManaged } from '../../lambdas/domain/contract/state-resources.ts';
import { ObjectExistsError } from './artifacts/artifacts.ts';
import { inPhase } from './artifacts/in-phase.ts';
import { PhaseError, summarizeFailure, toPhaseError } from './build/failure.ts';
import type { ApplyBuild } from './build/run-build.ts';
import { type DownloadedPlan, downloadPlan, unpackPlan } from './bundle/download.ts';
import { secretsOfTree } from './configuration/secrets-of-tree.ts';
import type { Engine } from './engine/engine.ts';
import { concludeStep, runStep } from './engine/engine-step.ts';
import { countProgress, type Progress } from './engine/events.ts';
import { initialize } from './engine/initialize.ts';
import type { PlanFile } from './engine/plan-file/plan-file.ts';
import { PlanFileError } from './engine/plan-file/plan-file-error.ts';
import { engineOfPlan, plannedBy } from './engine/plan-file/planned-by.ts';
import { requireSameBackend } from './engine/plan-file/same-backend.ts';
import { secretsOfPlan } from './engine/plan-secrets.ts';
import { providersOf } from './engine/providers.ts';
import { outputsOf } from './engine/state.ts';
import { takeCredentials } from './engine/take-credentials.ts';
import { variableArguments, variableArgumentsForPlan } from './engine/variable-arguments.ts';

/** How far an apply got. Filled while the apply runs, and read if it fails. */
export interface ApplyProgress {
  engine?: Progress;
}

/** Applies exactly the approved plan bundle, once. */
export async function applyPlan(build: ApplyBuild, progress: ApplyProgress): Promise<ApplyResult> {
  const { artifacts, paths } = build;
  build.enter('started');
  const claimed = claim(build);
  const { STAGEGATE_BUNDLE_KEY: key, STAGEGATE_BUNDLE_VERSION_ID: versionId } = build.variables;
  const downloaded = downloadPlan(build, { key, versionId });
  // A second apply is refused as a second apply, even if the download beside the claim fails first.
  downloaded.catch(() => undefined);
  await claimed;
  // Only now: if another build has started the apply before, this build must not show the ticket.
  const credentials = takeCredentials(build);
  credentials.catch(() => undefined);
  build.enter('download');
  const planned = await downloaded;
  build.enter('digest');
  requireApproved(build, planned);
  build.enter('bundle');
  await unpackPlan(planned, build);
  build.secrets.push(...(await secretsOfTree(build, plannedBy(build).name)));
  // If the engine cannot be had, the error is reported only after the downloads beside it have ended.
  const ready = build.beside(engineOfPlan(build));
  const providers = await providersOf(build);
  const engine = await ready;
  await credentials;

  const planFile = readUnlessEncrypted(paths.plan);
  planFile.catch(() => undefined);
  await initialize(build, engine, {
    providers,
    arguments: ['-lockfile=readonly', ...readLines(paths.backendArguments)],
  });
  requireSameBackend(await planFile, paths.directory);
  await apply(build, engine, progress);

  build.finish('outputs');
  const state = await pullState(build, engine);
  await inPhase('outputs', 'uploading the outputs', () =>
    artifacts.put('outputs', JSON.stringify(outputsOf(state), null, 2)),
  );
  const resourcesLeft = countManaged(state);
  return {
    ok: true,
    applied: 'yes',
    resources: progress.engine?.applied ?? progress.engine?.completed ?? 0,
    ...(resourcesLeft === undefined ? {} : { resourcesLeft }),
  };
}

/** Claims the run before an apply does anything else: a second apply finds the object of the first and fails. */
async function claim({ artifacts, machine }: ApplyBuild): Promise<void> {
  const started = { build: machine.environment.CODEBUILD_BUILD_ID ?? '', startedAt: new Date().toISOString() };
  try {
    await inPhase('started', 'claiming the run', () => artifacts.put('applyStarted', JSON.stringify(started)));
  } catch (error) {
    if (!(error instanceof ObjectExistsError)) throw error;
    throw new PhaseError('started', 'an apply of this plan has been started before; a plan is applied once', {
      reason: 'already-started',
    });
  }
}

function requireApproved({ variables }: ApplyBuild, { digest }: DownloadedPlan): void {
  const { STAGEGATE_PLAN_DIGEST: approved } = variables;
  if (digest !== approved)
    throw new PhaseError('digest', `the bundle has the digest ${digest}, but ${approved} was approved`, {
      reason: 'digest-mismatch',
    });
}

async function apply(build: ApplyBuild, engine: Engine, progress: ApplyProgress): Promise<void> {
  const { paths, variables } = build;
  build.enter('apply');
  const given = await variableArgumentsForPlan(build, engine, 'apply');
  const outcome = await runStep(build, engine, 'apply', {
    arguments: [
      ...['apply', '-input=false', '-json', `-lock-timeout=${variables.STAGEGATE_LOCK_TIMEOUT}`],
      ...[...given, paths.plan],
    ],
  });
  progress.engine = countProgress(outcome.events);
  if (outcome.exitCode !== 0 || outcome.diagnostics.length > 0)
    build.secrets.push(...(await readSecrets(build, engine)));
  concludeStep(build, engine, outcome);
}

/** Returns the values that the plan marks as sensitive, to keep them out of messages. */
async function readSecrets(build: ApplyBuild, engine: Engine): Promise<string[]> {
  const { paths } = build;
  const shown = await runStep(build, engine, 'show', {
    arguments: ['show', '-json', ...(await variableArgumentsForPlan(build, engine, 'show')), paths.plan],
    outputFile: paths.planJson,
    isUnstoppable: true,
  });
  return shown.exitCode === 0 ? secretsOfPlan(JSON.parse(readFileSync(paths.planJson, 'utf8'))) : [];
}

/** Returns the state after the apply. The state is not printed, because it contains sensitive values. */
async function pullState(build: ApplyBuild, engine: Engine): Promise<unknown> {
  const { paths } = build;
  const outcome = await runStep(build, engine, 'outputs', {
    arguments: ['state', 'pull', ...variableArguments(engine, 'state pull', paths.generatedVariables)],
    outputFile: paths.state,
    isUnstoppable: true,
  });
  concludeStep(build, engine, outcome);
  try {
    return JSON.parse(readFileSync(paths.state, 'utf8'));
  } catch {
    throw new PhaseError('outputs', 'reading the state after the apply: it is no JSON');
  }
}

/** Reads the plan file. Returns undefined if it is encrypted: in such an environment nobody inspects plans. */
async function readUnlessEncrypted(file: string): Promise<PlanFile | undefined> {
  try {
    const { readPlanFile } = await import('./engine/plan-file/plan-file.ts');
    return await readPlanFile(readFileSync(file));
  } catch (error) {
    if (!(error instanceof PlanFileError)) throw error;
    if (error.reason === 'plan-encrypted') return undefined;
    throw new PhaseError('bundle', `reading the plan: ${error.message}`, { reason: error.reason });
  }
}

const readLines = (file: string): string[] => readFileSync(file, 'utf8').split('\n').filter(Boolean);

const BEFORE_APPLY: readonly string[] = ['started', 'download', 'digest', 'bundle', 'init', 'backend'];

/** Returns how much of the plan was applied, as far as the engine's events show. */
function judgeApplied(error: PhaseError, progress: Progress | undefined): 'yes' | 'partly' | 'no' | 'unknown' {
  if (BEFORE_APPLY.includes(error.phase) || error.reason === 'plan-stale') return 'no';
  if (error.phase !== 'apply') return 'yes';
  if (!progress) return 'unknown';
  if (progress.completed > 0) return 'partly';
  return progress.started === 0 ? 'no' : 'unknown';
}

/**
 * Returns the result of a failed apply; undefined if another build has started it, because then the result is that
 * build's to write. If the engine could not save the state, uploads it beside the result.
 */
export async function judgeFailedApply(
  build: ApplyBuild,
  error: PhaseError,
  progress: ApplyProgress,
): Promise<ApplyResult | undefined> {
  if (error.reason === 'already-started') return undefined;
  const summary = summarizeFailure(error);
  // Without this state, nobody would know what the apply has created.
  const unsavedState = join(build.paths.directory, 'errored.tfstate');
  const note = existsSync(unsavedState) ? await keepState(build, unsavedState) : '';
  return {
    ok: false,
    ...summary,
    reason: error.reason ?? `${error.phase}-failed`,
    applied: judgeApplied(error, progress.engine),
    message: `${summary.message}${note}`,
  };
}

/**
 * Uploads the unsaved state and returns a note for the message. The note does not name the object's key, which contains
 * the secret of the run: people who may read the message must not get access to the artifacts by it.
 */
async function keepState({ artifacts }: ApplyBuild, file: string): Promise<string> {
  try {
    await artifacts.put('unsavedState', readFileSync(file));
    return `; the state could not be saved and is kept as ${RUN_OBJECTS.unsavedState} of this run, where operators find it ("A killed apply" of docs/operations.md)`;
  } catch (error) {
    return `; the state could neither be saved nor kept: ${toPhaseError(error, 'upload').message}`;
  }
}
