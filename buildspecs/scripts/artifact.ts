/**
 * Everything the builds say to the artifact bucket: `node artifact.mjs <command>`.
 *
 *     plan-succeeded             uploads bundle, plan and modules, then result.json
 *     plan-failed PHASE CODE     uploads result.json with what a program recorded
 *     apply-start                claims the run, downloads the approved bundle and verifies its digest
 *     apply-succeeded            uploads the outputs, then result.json
 *     apply-failed PHASE CODE    uploads result.json, and the state when the engine could not save it
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GetObjectCommand, PutObjectCommand, S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import * as z from 'zod';
import { type Failure, PhaseError, readFailure, summarizeFailure } from './build/failure.ts';
import { runPhases } from './build/run-phases.ts';
import { readApplyVariables, readVariables, workPaths } from './build/variables.ts';
import { type Progress, parseProgress } from './engine/events.ts';
import { readPlannedState } from './engine/plan-file.ts';
import { countManaged } from './engine/state-resources.ts';

const s3 = new S3Client({ maxAttempts: 5 });
const EngineSchema = z.object({ name: z.string(), version: z.string() });
const BackendSchema = z.object({ type: z.literal('s3'), bucket: z.string(), key: z.string(), region: z.string() });

interface Address {
  readonly key: string;
  readonly versionId: string;
}

const readJson = <T extends z.ZodType>(schema: T, file: string): z.infer<T> =>
  schema.parse(JSON.parse(readFileSync(file, 'utf8')));

async function put(name: string, body: Buffer | string, condition: { IfNoneMatch?: '*' } = {}): Promise<Address> {
  const { STAGEGATE_ARTIFACT_BUCKET: bucket, STAGEGATE_RUN_PREFIX: prefix } = readVariables();
  const key = `${prefix}${name}`;
  const { VersionId: versionId } = await s3.send(
    new PutObjectCommand({
      Bucket: bucket,
      Key: key,
      Body: body,
      ContentType: name.endsWith('.json') ? 'application/json' : 'application/gzip',
      ChecksumAlgorithm: 'SHA256',
      ...condition,
    }),
  );
  if (versionId === undefined)
    throw new PhaseError('upload', `uploading ${key}: the bucket "${bucket}" keeps no versions`);
  return { key, versionId };
}

const putJson = (name: string, value: unknown, condition: { IfNoneMatch?: '*' } = {}) =>
  put(name, `${JSON.stringify(value, null, 2)}\n`, condition);

const isTaken = (error: unknown) =>
  error instanceof S3ServiceException && ['PreconditionFailed', 'ConditionalRequestConflict'].includes(error.name);

/** Errors of S3 belong to the phase in which they happen; their names are all that may be shown. */
async function inPhase<T>(phase: string, doing: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof S3ServiceException)) throw error;
    throw new PhaseError(phase, `${doing}: ${error.name}`, { reason: 'artifact-store' });
  }
}

async function planSucceeded(): Promise<void> {
  const variables = readVariables();
  const paths = workPaths(variables);
  const bundle = readFileSync(paths.bundle);
  const modules = join(paths.directory, '.terraform', 'modules', 'modules.json');
  await inPhase('upload', 'uploading the plan', async () => {
    const [bundleAddress, planJson, modulesAddress] = await Promise.all([
      put('plan/bundle.tar.gz', bundle),
      put('plan/plan.json', readFileSync(paths.planJson)),
      put('plan/modules.json', existsSync(modules) ? readFileSync(modules) : '{"Modules":[]}'),
    ]);
    const digest = createHash('sha256').update(bundle).digest('hex');
    await putJson('plan/result.json', {
      ok: true,
      operation: variables.STAGEGATE_OPERATION,
      engine: readJson(EngineSchema, paths.engine),
      exitCode: z.enum(['0', '2']).transform(Number).parse(process.env.PLAN_EXIT_CODE),
      digest,
      bundle: bundleAddress,
      planJson,
      modules: modulesAddress,
      backend: readJson(BackendSchema, paths.backend),
      state: readPlannedState(readFileSync(paths.plan)),
      createdAt: new Date().toISOString(),
    });
    console.log(`plan bundle ${digest}`);
  });
}

function readCause(phase: string, exitCode: string): Failure {
  const paths = workPaths(readVariables());
  const recorded = readFailure(paths.failure);
  if (recorded) return summarizeFailure(recorded);
  const message = existsSync(paths.failureMessage)
    ? readFileSync(paths.failureMessage, 'utf8').trim()
    : `the build ended in phase "${phase}" with exit code ${exitCode}`;
  return { phase, message, diagnostics: [] };
}

async function planFailed(phase: string, exitCode: string): Promise<void> {
  const { reason, ...cause } = readCause(phase, exitCode);
  await putJson('plan/result.json', { ok: false, ...cause, ...(reason ? { reason } : {}) });
}

async function applyStart(): Promise<void> {
  const variables = { ...readVariables(), ...readApplyVariables() };
  const paths = workPaths(variables);
  await inPhase('started', 'claiming the run', async () => {
    try {
      const build = process.env.CODEBUILD_BUILD_ID ?? '';
      await putJson('apply/started.json', { build, startedAt: new Date().toISOString() }, { IfNoneMatch: '*' });
    } catch (error) {
      if (!isTaken(error)) throw error;
      throw new PhaseError('started', 'an apply of this plan has been started before; a plan is applied once', {
        reason: 'already-started',
      });
    }
  });
  const bundle = await inPhase('download', 'downloading the approved bundle', async () => {
    const { Body: body } = await s3.send(
      new GetObjectCommand({
        Bucket: variables.STAGEGATE_ARTIFACT_BUCKET,
        Key: variables.STAGEGATE_BUNDLE_KEY,
        VersionId: variables.STAGEGATE_BUNDLE_VERSION_ID,
      }),
    );
    return Buffer.from((await body?.transformToByteArray()) ?? []);
  });
  const digest = createHash('sha256').update(bundle).digest('hex');
  if (digest !== variables.STAGEGATE_PLAN_DIGEST) {
    const approved = variables.STAGEGATE_PLAN_DIGEST;
    throw new PhaseError('digest', `the bundle has the digest ${digest}, but ${approved} was approved`, {
      reason: 'digest-mismatch',
    });
  }
  writeFileSync(paths.bundle, bundle, { mode: 0o600 });
}

function readProgress(): Progress | undefined {
  const { events } = workPaths(readVariables());
  return existsSync(events) ? parseProgress(readFileSync(events, 'utf8')) : undefined;
}

async function applySucceeded(): Promise<void> {
  await inPhase('upload', 'uploading the outputs', async () => {
    await put('apply/outputs.json', readFileSync(workPaths(readVariables()).outputs));
    const progress = readProgress();
    const resources = progress?.applied ?? progress?.completed ?? 0;
    const { state } = workPaths(readVariables());
    const left = existsSync(state) ? { resourcesLeft: countManaged(JSON.parse(readFileSync(state, 'utf8'))) } : {};
    await putJson('apply/result.json', { ok: true, applied: 'yes', resources, ...left });
  });
}

const beforeApply = ['started', 'download', 'digest', 'init'];

/** How much of the plan is in the world now, as far as the engine's events tell. */
function judgeApplied(cause: Failure): 'yes' | 'partly' | 'no' | 'unknown' {
  if (cause.reason === 'already-started') return 'unknown';
  if (beforeApply.includes(cause.phase) || cause.reason === 'plan-stale') return 'no';
  if (cause.phase !== 'apply') return 'yes';
  const progress = readProgress();
  if (!progress) return 'unknown';
  if (progress.completed > 0) return 'partly';
  return progress.started === 0 ? 'no' : 'unknown';
}

const defaultReason = (phase: string) =>
  ({ apply: 'apply-failed', init: 'init-failed', outputs: 'outputs-failed' })[phase] ?? `${phase}-failed`;

async function applyFailed(phase: string, exitCode: string): Promise<void> {
  const variables = readVariables();
  const cause = readCause(phase, exitCode);
  const reason = cause.reason ?? defaultReason(cause.phase);
  // Written by the engine when it could not save the state to the backend: without it, what was made would be unknown.
  const unsavedState = join(workPaths(variables).directory, 'errored.tfstate');
  const rescued = existsSync(unsavedState) ? await put('apply/errored.tfstate', readFileSync(unsavedState)) : undefined;
  const message = rescued
    ? `${cause.message}; the state could not be saved and is kept at ${rescued.key}`
    : cause.message;
  // The build that did start owns the result; a second one may only fill a gap, never replace it.
  const condition = reason === 'already-started' ? { IfNoneMatch: '*' as const } : {};
  try {
    await putJson(
      'apply/result.json',
      { ok: false, ...cause, reason, applied: judgeApplied(cause), message },
      condition,
    );
  } catch (error) {
    if (!isTaken(error)) throw error;
  }
}

const commands: Readonly<Record<string, (phase: string, exitCode: string) => Promise<void>>> = {
  'plan-succeeded': planSucceeded,
  'plan-failed': planFailed,
  'apply-start': applyStart,
  'apply-succeeded': applySucceeded,
  'apply-failed': applyFailed,
};

await runPhases(async () => {
  const [command = '', phase = '', exitCode = ''] = process.argv.slice(2);
  const run = commands[command];
  if (!run) throw new Error(`unknown command "${command}"`);
  await run(phase, exitCode);
});
