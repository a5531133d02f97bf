import { createHash } from 'node:crypto';
import { besideBundle, runObjectKey } from '../../../lambdas/domain/contract/run-objects.ts';
import { inPhase } from '../artifacts/in-phase.ts';
import type { ApplyBuild, InspectBuild } from '../build/run-build.ts';
import type { WorkPaths } from '../build/work-paths.ts';
import { MOST_BUNDLE_BYTES, unpackBundle } from './plan-bundle.ts';
import { MOST_TREE_BYTES, unpackTree } from './tree-archive.ts';

/** The files of a plan build, as they were downloaded. */
export interface DownloadedPlan {
  readonly bundle: Buffer;
  /** SHA-256 of the bundle, in hexadecimal digits. */
  readonly digest: string;
  readonly tree: Buffer;
}

/**
 * Downloads the bundle and the tree of a run. `named` is the version of the bundle that was approved. It is left out
 * before anybody was asked to approve, when there is only one version.
 */
export async function downloadPlan(
  { artifacts, variables }: ApplyBuild | InspectBuild,
  named: { readonly key: string; readonly versionId?: string } = {
    key: runObjectKey(variables.STAGEGATE_RUN_PREFIX, 'bundle'),
  },
): Promise<DownloadedPlan> {
  const treeKey = besideBundle(named.key, 'tree');
  const [bundle, tree] = await inPhase('download', 'downloading the plan', () =>
    Promise.all([artifacts.get(named, MOST_BUNDLE_BYTES), artifacts.get({ key: treeKey }, MOST_TREE_BYTES)]),
  );
  return { bundle, digest: sha256Of(bundle).toString('hex'), tree };
}

/** Unpacks what was downloaded, and returns the files that the plan added to the tree. Throws PhaseError. */
export async function unpackPlan(
  planned: DownloadedPlan,
  { paths }: Pick<ApplyBuild | InspectBuild, 'paths'>,
): Promise<string[]> {
  await unpackTree(planned.tree, paths);
  return unpackAdded(planned, paths);
}

/** Unpacks the plan over its tree, and returns the files that it added. Throws PhaseError. */
export const unpackAdded = ({ bundle, tree }: DownloadedPlan, paths: WorkPaths): Promise<string[]> =>
  unpackBundle(bundle, paths, sha256Of(tree));

const sha256Of = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest();
