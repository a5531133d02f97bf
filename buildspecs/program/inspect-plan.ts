import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { listAdded } from '../../lambdas/domain/contract/added-files.ts';
import type { InspectionResult, InspectionSuccess } from '../../lambdas/domain/contract/build-result.ts';
import { uploading } from './artifacts/in-phase.ts';
import { PhaseError } from './build/failure.ts';
import type { InspectBuild } from './build/run-build.ts';
import type { WorkPaths } from './build/work-paths.ts';
import { downloadPlan, unpackAdded } from './bundle/download.ts';
import { unpackTree } from './bundle/tree-archive.ts';
import { encryptedPlanBy } from './configuration/encryption.ts';
import { readManifest } from './configuration/installed-modules.ts';
import { secretsOfTree } from './configuration/secrets-of-tree.ts';
import { fillCache } from './engine/fill-cache.ts';
import { installLocked, readLocked } from './engine/install-locked.ts';
import { type PlanFile, readPlanFile } from './engine/plan-file/plan-file.ts';
import { PlanFileError } from './engine/plan-file/plan-file-error.ts';
import { engineOfPlan, plannedBy } from './engine/plan-file/planned-by.ts';
import { requireSameConfiguration } from './engine/plan-file/same-configuration.ts';
import { requireSameVariables } from './engine/plan-file/same-variables.ts';
import { providersOf } from './engine/providers.ts';
import { showPlan } from './engine/show-plan.ts';
import { describeModules } from './modules/describe-modules.ts';
import { describeLocked } from './providers/describe-lock-file.ts';
import { countsOf } from './providers/prepare-providers.ts';
import { describeReads } from './reads/describe-reads.ts';

/**
 * Reads the plan of a plan build, for people. Of the repository, only the providers run here that its lock file pins:
 * the engine works in directories of this program's own, in which it installs these providers, prints the plan and
 * reads the values of variables.
 */
export async function inspectPlan(build: InspectBuild): Promise<InspectionResult> {
  const { artifacts, paths, variables } = build;
  const planned = await downloadPlan(build);
  build.enter('bundle');
  await unpackTree(planned.tree, paths);
  build.secrets.push(...(await secretsOfTree(build, plannedBy(build).name)));
  // Read before the files of the plan are beside those of the tree, and stored before a provider runs.
  const identities = await describeModules(build, plannedBy(build).name);
  const reads = describeReads(build, plannedBy(build).name);
  const stored = build.beside(Promise.all([storeIdentities(build, identities), storeReads(build, reads)]));
  const added = await unpackAdded(planned, paths);
  // If the engine cannot be had, the error is reported when the engine is needed.
  const ready = build.beside(engineOfPlan(build));

  build.enter('plan-file');
  const planFile = await readPlan(build);
  const backend = requireOwn(build, planFile);
  requireSameConfiguration(planFile, {
    root: paths.tree,
    directory: variables.STAGEGATE_DIRECTORY,
    engine: plannedBy(build).name,
  });

  const [locked, found, engine] = await Promise.all([
    readLocked(build),
    build.beside(providersOf(build)),
    ready,
    stored,
  ]);
  const providers = found && (await fillCache(build, engine, found));
  await installLocked(build, engine, locked, providers);
  build.enter('show');
  await showPlan(build, engine, paths.inspection);
  build.enter('plan-file');
  await requireSameVariables(build, engine, planFile, added);

  build.enter('upload');
  const read = { plan: readFileSync(paths.planJson), modules: readManifest(paths.directory) };
  const [planJson, modules] = await uploading('what was found', () =>
    Promise.all([artifacts.put('inspectedPlan', read.plan), artifacts.put('inspectedModules', read.modules)]),
  );
  return {
    ok: true,
    operation: variables.STAGEGATE_OPERATION,
    engine: { name: engine.name, version: engine.version },
    digest: planned.digest,
    planJson,
    modules,
    backend,
    state: planFile.state,
    added: listAdded(added),
    content: contentDigest(planned.tree, added, paths),
    lockedProviders: describeLocked(locked),
    ...(providers && { providers: countsOf(providers) }),
  };
}

async function storeIdentities({ artifacts }: InspectBuild, identities: string | undefined): Promise<void> {
  if (identities !== undefined)
    await uploading('the identities of the modules', () => artifacts.put('inspectedIdentities', identities));
}

async function storeReads({ artifacts }: InspectBuild, reads: string | undefined): Promise<void> {
  if (reads !== undefined)
    await uploading('what is read of the repository', () => artifacts.put('inspectedReads', reads));
}

/** Returns a digest of all that is applied with the plan: a plan with the same changes but other files differs. */
function contentDigest(tree: Buffer, added: readonly string[], { tree: directory }: WorkPaths): string {
  const files = added.map((path) => [path, path.endsWith('/') ? '' : sha256Of(readFileSync(join(directory, path)))]);
  return sha256Of(JSON.stringify([sha256Of(tree), ...files]));
}

const sha256Of = (content: Buffer | string): string => createHash('sha256').update(content).digest('hex');

async function readPlan({ paths }: InspectBuild): Promise<PlanFile> {
  try {
    return await readPlanFile(readFileSync(paths.plan));
  } catch (error) {
    if (!(error instanceof PlanFileError)) throw error;
    const keys = error.reason === 'plan-encrypted' ? await describeKeys(paths.directory) : '';
    throw new PhaseError('plan-file', `reading the plan: ${error.message}${keys}`, { reason: error.reason });
  }
}

/** Returns a note about the encryption of a plan. To read the plan, the keys of its configuration are needed. */
async function describeKeys(directory: string): Promise<string> {
  const encryption = await encryptedPlanBy(directory);
  if (!encryption) return '';
  const { file, line, keyProviders } = encryption;
  const by = keyProviders.length > 0 ? ` with the keys of ${keyProviders.join(', ')}` : '';
  return `${by} (${file}:${line}); where people or policies depend on a plan, encrypt the state alone`;
}

/**
 * Refuses a plan of another operation, of only a part of the configuration, or for another backend than s3, whatever
 * was reported about the plan. Returns the place of its state.
 */
function requireOwn({ variables }: InspectBuild, planFile: PlanFile): InspectionSuccess['backend'] {
  const refuse = (problem: string) => new PhaseError('plan-file', `the plan ${problem}`, { reason: 'plan-not-ours' });
  const { backend, mode, targets, excludes, actionTargets, forceReplaces } = planFile;
  const left = [
    ...targets.map((address) => `-target=${address}`),
    ...excludes.map((address) => `-exclude=${address}`),
    ...actionTargets.map((address) => `-invoke=${address}`),
  ];
  const wanted = variables.STAGEGATE_OPERATION === 'destroy' ? 'destroy' : 'normal';
  if (mode !== wanted) throw refuse(`is of the mode "${mode}", not "${wanted}"`);
  if (left.length > 0)
    throw refuse(`is for a part of the configuration only: ${left.join(', ').slice(0, LONGEST_TOLD)}`);
  if (forceReplaces.length > 0)
    throw refuse(`replaces what nobody asked to (-replace): ${forceReplaces.join(', ').slice(0, LONGEST_TOLD)}`);
  if (backend?.type !== 's3') throw refuse(`is for the backend "${backend?.type ?? 'none'}", not "s3"`);
  if (backend.workspace !== 'default') throw refuse(`is for the workspace "${backend.workspace}", not "default"`);
  const { bucket, key, region } = backend.config;
  if (!isText(bucket) || !isText(key)) throw refuse('is for an s3 backend without bucket or key');
  return {
    type: 's3',
    bucket,
    key,
    region: isText(region) ? region : variables.STAGEGATE_REGION,
  };
}

const LONGEST_TOLD = 300;

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
