import { keptTreeKey, runObjectKey } from '../contract/run-objects.ts';
import type { Deployment } from '../model/deployment.ts';
import type { Environment } from '../model/environment.ts';
import {
  type KeptTrees,
  noTrees,
  startCopying,
  stopCopying,
  treesIn,
  withoutTree,
  withTree,
} from '../model/kept/kept-trees.ts';
import type { ArtifactStore, CopiedArtifact, ReadAhead, Reader, Store, Surroundings, Transaction } from '../ports.ts';
import { deleteDroppedTrees } from './drop-trees.ts';
import { runPrefix } from './run-prefix.ts';

interface Services {
  readonly store: Store;
  readonly artifacts: ArtifactStore;
  readonly surroundings: Surroundings;
}

/**
 * Keeps the tree of a deployment that has succeeded, or whose apply failed half way, with the environment that the
 * deployment still holds. Then deletes the trees that the environment no longer keeps. Safe to repeat.
 */
export async function keepTree(services: Services, id: string): Promise<void> {
  const ahead = await services.store.readAhead();
  const deployment = await ahead.get('deployment', { id });
  if (!deployment) return;
  const standing = await standingBeside(ahead, deployment);
  for (const each of standing === undefined ? [id] : [standing, id]) await keep(services, ahead, each, id);
  await forgetWhatIsGone(services, deployment);
  await deleteDroppedTrees(services, deployment);
}

/**
 * Returns the success that stands in the environment, if that is another deployment whose tree is not kept: it succeeded
 * before trees were kept, or keeping it failed. Its run may still have the tree.
 */
async function standingBeside(ahead: Reader, deployment: Deployment): Promise<string | undefined> {
  const { state, kept } = await readPlace(ahead, deployment);
  const standing = state?.deployed?.deploymentId;
  if (standing === undefined || standing === deployment.id) return undefined;
  return kept && keeps(kept, standing) ? undefined : standing;
}

/** Keeps the tree of one deployment, while this holder holds the environment. */
async function keep(
  { store, artifacts, surroundings }: Services,
  ahead: ReadAhead,
  id: string,
  holder: string,
): Promise<void> {
  const begun = await store.transact((transaction) => begin(transaction, surroundings, { id, holder }), ahead);
  if (!begun) return;
  const { deployment, key } = begun;
  const copy = await artifacts.copyOnce(runObjectKey(runPrefix(deployment), 'tree'), key);
  await store.transact((transaction) => finish(transaction, deployment, key, copy));
}

/** Reads what says which trees are kept with the environment of a deployment, and for whom. */
async function readPlace(reader: Reader, { application, environment: name }: Deployment) {
  const where = { application, environment: name };
  const [kept, state, environment] = await Promise.all([
    reader.get('keptTrees', where),
    reader.get('environmentState', where),
    reader.get('environment', { application, name }),
  ]);
  return { kept, state, environment };
}

const keeps = (kept: KeptTrees, deploymentId: string): boolean =>
  treesIn(kept).some((tree) => tree.deploymentId === deploymentId);

/**
 * Forgets the tree that a deployment could not fetch, if somebody has deleted it. The next attempt takes another one, or
 * goes to the git host: an environment must be able to end (rule 8).
 */
async function forgetWhatIsGone({ store, artifacts }: Services, deployment: Deployment): Promise<void> {
  const { treeOf, application, environment } = deployment;
  if (treeOf === undefined || deployment.status !== 'failed' || deployment.error.reason !== 'artifact-store') return;
  const where = { application, environment };
  const known = await store.get('keptTrees', where);
  const tree = known && treesIn(known).find(({ deploymentId }) => deploymentId === treeOf);
  if (!tree || (await artifacts.isThere(tree))) return;
  await store.transact(async (transaction) => {
    const kept = await transaction.get('keptTrees', where);
    if (kept) transaction.put('keptTrees', withoutTree(kept, treeOf));
  });
}

interface Begun {
  readonly deployment: Deployment;
  /** Where the tree is copied to. */
  readonly key: string;
}

/**
 * Notes the copy before it is made: what is noted is deleted with the environment, whatever happens in between. Returns
 * undefined if the deployment leaves no tree to keep, or if it is kept already.
 */
async function begin(
  transaction: Transaction,
  surroundings: Surroundings,
  { id, holder }: { readonly id: string; readonly holder: string },
): Promise<Begun | undefined> {
  const deployment = await transaction.get('deployment', { id });
  if (!deployment) return undefined;
  const where = { application: deployment.application, environment: deployment.environment };
  const { kept = noTrees(where), state, environment } = await readPlace(transaction, deployment);
  const isHeld = state?.holder?.deploymentId === holder;
  if (!isHeld || !endingOf(deployment) || !lives(environment, deployment)) return undefined;
  if (keeps(kept, id)) return undefined;
  if (kept.copying?.deploymentId === id) return { deployment, key: kept.copying.key };
  const key = keptTreeKey(id, surroundings.randomHex(32));
  transaction.put('keptTrees', startCopying(kept, { deploymentId: id, key }));
  return { deployment, key };
}

async function finish(
  transaction: Transaction,
  deployment: Deployment,
  key: string,
  copy: CopiedArtifact | undefined,
): Promise<void> {
  const { id: deploymentId, application, environment, release, commit } = deployment;
  const where = { application, environment };
  const kept = (await transaction.get('keptTrees', where)) ?? noTrees(where);
  const how = endingOf(deployment);
  if (kept.copying?.key !== key || !how) {
    // The environment has ended meanwhile, or another deployment holds it.
    const isKept = treesIn(kept).some((tree) => tree.key === key);
    if (copy && !isKept)
      transaction.put('keptTrees', { ...kept, dropped: [...kept.dropped, { key, versionId: copy.versionId }] });
    return;
  }
  if (!copy) {
    transaction.put('keptTrees', stopCopying(kept));
    return;
  }
  const { versionId, sha256 } = copy;
  const content = { commit, ...(release !== undefined && { release }) };
  const tree = { deploymentId, ...content, key, versionId, sha256, at: how.at };
  transaction.put('keptTrees', withTree(kept, tree, how.status));
}

/** Returns how a deployment ended that has changed what stands in its environment, or has found it as it should be. */
function endingOf(deployment: Deployment): { status: 'succeeded' | 'failed'; at: string } | undefined {
  if (deployment.operation === 'destroy') return undefined;
  if (deployment.status === 'succeeded') return { status: 'succeeded', at: deployment.endedAt };
  return deployment.status === 'failed' && deployment.applied !== 'no'
    ? { status: 'failed', at: deployment.endedAt }
    : undefined;
}

/** Returns whether this is still the environment of the deployment, and not one made later under the same name. */
const lives = (environment: Environment | undefined, { createdAt }: Deployment): boolean =>
  environment !== undefined &&
  environment.createdAt <= createdAt &&
  (environment.type === 'regular' || environment.life.phase !== 'closed');
