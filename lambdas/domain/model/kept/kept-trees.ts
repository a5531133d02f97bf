import * as z from 'zod';
import {
  ApplicationNameSchema,
  CommitSchema,
  DeploymentIdSchema,
  EnvironmentNameSchema,
  InstantSchema,
  ReleaseNumberSchema,
  Sha256Schema,
} from '../../names.ts';
import type { Deployment } from '../deployment.ts';

/** Most contents whose trees are kept with an environment: those that succeeded there last. */
export const MOST_KEPT = 10;

/** The tree that a deployment was applied from, in an object of its own. */
const KeptTreeSchema = z.object({
  deploymentId: DeploymentIdSchema,
  /** Absent in an ephemeral environment. */
  release: ReleaseNumberSchema.optional(),
  commit: CommitSchema,
  key: z.string(),
  versionId: z.string(),
  sha256: Sha256Schema,
  /** When the deployment ended. */
  at: InstantSchema,
});
export type KeptTree = z.infer<typeof KeptTreeSchema>;

/** An object that nobody needs any more. Without a version, nobody knows yet whether it exists. */
const DroppedSchema = z.object({ key: z.string(), versionId: z.string().optional() });
export type Dropped = z.infer<typeof DroppedSchema>;

/** The trees that are kept with an environment while it lives. */
export const KeptTreesSchema = z.object({
  application: ApplicationNameSchema,
  environment: EnvironmentNameSchema,
  /** Trees of successes, the newest first; of several successes of one content, the newest. */
  successes: z.array(KeptTreeSchema),
  /** The tree of the last apply, if that apply failed: what stands was made by it. */
  unfinished: KeptTreeSchema.optional(),
  /** The copy that is being made. It is noted first, so that no object is ever forgotten. */
  copying: z.object({ deploymentId: DeploymentIdSchema, key: z.string() }).optional(),
  /** Objects that are still to be deleted. */
  dropped: z.array(DroppedSchema),
});
export type KeptTrees = z.infer<typeof KeptTreesSchema>;

interface Place {
  readonly application: string;
  readonly environment: string;
}

export const noTrees = ({ application, environment }: Place): KeptTrees => ({
  application,
  environment,
  successes: [],
  dropped: [],
});

/** Returns whether nothing is kept and nothing is left to delete, so that the record itself can go. */
export const isWithoutTrees = ({ successes, unfinished, copying, dropped }: KeptTrees): boolean =>
  successes.length === 0 && !unfinished && !copying && dropped.length === 0;

/** Notes that a tree is about to be copied. A copy that an earlier deployment did not finish is given up. */
export function startCopying(
  { copying: before, ...kept }: KeptTrees,
  copying: { readonly deploymentId: string; readonly key: string },
): KeptTrees {
  return { ...kept, copying, dropped: [...kept.dropped, ...(before ? [{ key: before.key }] : [])] };
}

/** Gives up the copy that is being made. */
export const stopCopying = ({ copying, ...kept }: KeptTrees): KeptTrees => ({
  ...kept,
  dropped: [...kept.dropped, ...(copying ? [{ key: copying.key }] : [])],
});

/**
 * Adds the tree of a deployment that has succeeded, or whose apply began and failed. A success replaces what was kept
 * of the same content, and of an apply that failed before it.
 */
export function withTree(
  { copying: _copied, unfinished, ...kept }: KeptTrees,
  tree: KeptTree,
  how: 'succeeded' | 'failed',
): KeptTrees {
  const drop = (...gone: readonly KeptTree[]) => [...kept.dropped, ...gone.map(placeOf)];
  if (how === 'failed') return { ...kept, unfinished: tree, dropped: drop(...(unfinished ? [unfinished] : [])) };
  const others = kept.successes.filter((other) => !isSameContent(other, tree));
  const successes = [tree, ...others].slice(0, MOST_KEPT);
  const gone = kept.successes.filter((other) => !successes.includes(other));
  if (!unfinished) return { ...kept, successes, dropped: drop(...gone) };
  // A success is not always kept before the next apply fails.
  return unfinished.at > tree.at
    ? { ...kept, successes, unfinished, dropped: drop(...gone) }
    : { ...kept, successes, dropped: drop(...gone, unfinished) };
}

/** Gives up one tree: that of this deployment. */
export function withoutTree({ unfinished, ...kept }: KeptTrees, deploymentId: string): KeptTrees {
  const isOther = (tree: KeptTree) => tree.deploymentId !== deploymentId;
  return {
    ...kept,
    ...(unfinished && isOther(unfinished) && { unfinished }),
    successes: kept.successes.filter(isOther),
  };
}

/** Drops every tree, because the environment has ended. */
export function withoutTrees(kept: KeptTrees): KeptTrees {
  const { dropped, application, environment } = stopCopying(kept);
  const gone = treesIn(kept).map(placeOf);
  return { application, environment, successes: [], dropped: [...dropped, ...gone] };
}

/** Removes from the list what was deleted. */
export const afterDeletion = (kept: KeptTrees, deleted: readonly Dropped[]): KeptTrees => ({
  ...kept,
  dropped: kept.dropped.filter(
    ({ key, versionId }) => !deleted.some((done) => done.key === key && done.versionId === versionId),
  ),
});

const placeOf = ({ key, versionId }: KeptTree): Dropped => ({ key, versionId });

type Content = Pick<Deployment, 'release' | 'commit'>;

const isSameContent = (one: Content, other: Content): boolean =>
  one.commit === other.commit && one.release === other.release;

/** Returns every tree that is kept. */
export const treesIn = ({ successes, unfinished }: KeptTrees): readonly KeptTree[] => [
  ...(unfinished ? [unfinished] : []),
  ...successes,
];

/** Returns the tree of the last apply: what stands in the environment was made from it. */
export const newestTree = (kept: KeptTrees | undefined): KeptTree | undefined => kept?.unfinished ?? kept?.successes[0];

/**
 * Returns the tree that a destruction or a rollback runs from, if the content that it names is kept. A destruction ends
 * what the last apply has left, even half done; a rollback leads to what has succeeded, if it has.
 */
export function treeFor(
  kept: KeptTrees | undefined,
  deployment: Pick<Deployment, 'operation' | 'release' | 'commit'>,
): KeptTree | undefined {
  if (!kept || deployment.operation === 'deploy') return undefined;
  const last = kept.unfinished ? [kept.unfinished] : [];
  const candidates = deployment.operation === 'destroy' ? [...last, ...kept.successes] : [...kept.successes, ...last];
  return candidates.find((tree) => isSameContent(tree, deployment));
}
