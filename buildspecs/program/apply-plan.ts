import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { ApplyResult } from '../../lambdas/domain/build-result.ts';
import { EngineNameSchema } from '../../lambdas/domain/engine-release.ts';
import { ArtifactStoreError, ObjectExistsError } from './artifacts/artifacts.ts';
import { PhaseError, summarizeFailure, toPhaseError } from './build/failure.ts';
import type { ApplyBuild } from './build/run-build.ts';
import { unpackBundle } from './bundle/plan-bundle.ts';
import { chooseEngine } from './engine/choose-engine.ts';
import type { Engine } from './engine/engine.ts';
import { concludeStep, runStep } from './engine/engine-step.ts';
import { countProgress, type Progress } from './engine/events.ts';
import { initialize, makeEngineReady } from './engine/initialize.ts';
import { secretsOfPlan } from './engine/plan-secrets.ts';
import { providersOf } from './engine/providers.ts';
import { countManaged, outputsOf } from './engine/state.ts';
import { takeCredentials } from './engine/take-credentials.ts';

/** How far an apply got; filled as it goes, and read when it fails. */
export interface ApplyProgress {
  engine?: Progress;
}

/** Applies exactly the approved plan bundle, once. */
export async function applyPlan(build: ApplyBuild, progress: ApplyProgress): Promise<ApplyResult> {
  const { artifacts, paths } = build;
  build.enter('started');
  const claimed = claim(build);
  const downloaded = download(build);
  // A second apply is refused as that, whatever becomes of the download beside it.
  downloaded.catch(() => undefined);
  await claimed;
  // Not before: the ticket of an apply that had begun is not this build's to show.
  const credentials = takeCredentials(build);
  credentials.catch(() => undefined);
  build.enter('download');
  const bundle = await downloaded;
  build.enter('digest');
  requireApproved(build, bundle);
  await unpackBundle(bundle, paths);
  const ready = engineOfPlan(build);
  // An engine that is not to be had is told when the downloads beside it have ended.
  ready.catch(() => undefined);
  const providers = await providersOf(build);
  const engine = await ready;
  await credentials;

  await initialize(build, engine, {
    providers,
    arguments: ['-lockfile=readonly', ...readLines(paths.backendArguments)],
  });
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

/** Errors of the bucket belong to the phase in which they happen; their names are all that may be shown. */
async function inPhase<T>(phase: string, doing: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof ArtifactStoreError)) throw error;
    throw new PhaseError(phase, `${doing}: ${error.message}`, { reason: 'artifact-store' });
  }
}

/** The first thing an apply does: whoever comes second finds the object there. */
async function claim({ artifacts, machine }: ApplyBuild): Promise<void> {
  const started = { build: machine.environment.CODEBUILD_BUILD_ID ?? '', startedAt: new Date().toISOString() };
  try {
    await inPhase('started', 'claiming the run', () =>
      artifacts.put('applyStarted', JSON.stringify(started), { once: true }),
    );
  } catch (error) {
    if (!(error instanceof ObjectExistsError)) throw error;
    throw new PhaseError('started', 'an apply of this plan has been started before; a plan is applied once', {
      reason: 'already-started',
    });
  }
}

const download = ({ artifacts, variables }: ApplyBuild): Promise<Buffer> =>
  inPhase('download', 'downloading the approved bundle', () =>
    artifacts.get(variables.STAGEGATE_BUNDLE_KEY, variables.STAGEGATE_BUNDLE_VERSION_ID),
  );

function requireApproved({ variables }: ApplyBuild, bundle: Buffer): void {
  const digest = createHash('sha256').update(bundle).digest('hex');
  const { STAGEGATE_PLAN_DIGEST: approved } = variables;
  if (digest !== approved)
    throw new PhaseError('digest', `the bundle has the digest ${digest}, but ${approved} was approved`, {
      reason: 'digest-mismatch',
    });
}

const PlannedBySchema = z.object({ name: EngineNameSchema, version: z.string() });

/** A plan is applied by the very engine that made it, also where another one is the default by now. */
async function engineOfPlan(build: ApplyBuild): Promise<Engine> {
  const plannedBy = PlannedBySchema.parse(JSON.parse(readFileSync(build.paths.engine, 'utf8')));
  return makeEngineReady(build, chooseEngine(build.variables.STAGEGATE_ENGINES, plannedBy));
}

async function apply(build: ApplyBuild, engine: Engine, progress: ApplyProgress): Promise<void> {
  const { paths, variables } = build;
  build.enter('apply');
  const outcome = await runStep(build, engine, 'apply', {
    arguments: ['apply', '-input=false', '-json', `-lock-timeout=${variables.STAGEGATE_LOCK_TIMEOUT}`, paths.plan],
  });
  progress.engine = countProgress(outcome.events);
  if (outcome.exitCode !== 0 || outcome.diagnostics.length > 0)
    build.secrets.push(...(await readSecrets(build, engine)));
  concludeStep(build, engine, outcome);
}

/** The values that the plan marks as sensitive, to keep them out of messages. */
async function readSecrets(build: ApplyBuild, engine: Engine): Promise<string[]> {
  const { paths } = build;
  const shown = await runStep(build, engine, 'show', {
    arguments: ['show', '-json', paths.plan],
    outputFile: paths.planJson,
    isUnstoppable: true,
  });
  return shown.exitCode === 0 ? secretsOfPlan(JSON.parse(readFileSync(paths.planJson, 'utf8'))) : [];
}

/** The state after the apply. It is not shown: sensitive values stand in it. */
async function pullState(build: ApplyBuild, engine: Engine): Promise<unknown> {
  const { paths } = build;
  const outcome = await runStep(build, engine, 'outputs', {
    arguments: ['state', 'pull'],
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

const readLines = (file: string): string[] => readFileSync(file, 'utf8').split('\n').filter(Boolean);

const BEFORE_APPLY: readonly string[] = ['started', 'download', 'digest', 'init', 'backend'];

/** How much of the plan is in the world now, as far as the engine's events tell. */
function judgeApplied(error: PhaseError, progress: Progress | undefined): 'yes' | 'partly' | 'no' | 'unknown' {
  if (error.reason === 'already-started') return 'unknown';
  if (BEFORE_APPLY.includes(error.phase) || error.reason === 'plan-stale') return 'no';
  if (error.phase !== 'apply') return 'yes';
  if (!progress) return 'unknown';
  if (progress.completed > 0) return 'partly';
  return progress.started === 0 ? 'no' : 'unknown';
}

/** What a failed apply says of the infrastructure; keeps the state beside the result where the engine could not save it. */
export async function judgeFailedApply(
  build: ApplyBuild,
  error: PhaseError,
  progress: ApplyProgress,
): Promise<ApplyResult> {
  const summary = summarizeFailure(error);
  // Without it, what was made would be unknown.
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

async function keepState({ artifacts }: ApplyBuild, file: string): Promise<string> {
  try {
    const { key } = await artifacts.put('unsavedState', readFileSync(file));
    return `; the state could not be saved and is kept at ${key}`;
  } catch (error) {
    return `; the state could neither be saved nor kept: ${toPhaseError(error, 'upload').message}`;
  }
}
