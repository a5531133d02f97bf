import { afterDeletion, isWithoutTrees, withoutTrees } from '../model/kept/kept-trees.ts';
import type { ArtifactStore, Store, Transaction } from '../ports.ts';

interface Place {
  readonly application: string;
  readonly environment: string;
}

/** Gives up the trees that are kept with an environment, because it ends. They are deleted a moment later. */
export async function dropTrees(transaction: Transaction, { application, environment }: Place): Promise<void> {
  const kept = await transaction.get('keptTrees', { application, environment });
  if (kept) transaction.put('keptTrees', withoutTrees(kept));
}

/**
 * Deletes the trees that an environment no longer keeps. Returns their number. Only what is deleted is taken off the
 * list, so that a crash leaves nothing behind.
 */
export async function deleteDroppedTrees(
  { store, artifacts }: { readonly store: Store; readonly artifacts: Pick<ArtifactStore, 'deleteForGood'> },
  { application, environment }: Place,
): Promise<number> {
  const where = { application, environment };
  const dropped = (await store.get('keptTrees', where))?.dropped ?? [];
  if (dropped.length === 0) return 0;
  await Promise.all(dropped.map(({ key, versionId }) => artifacts.deleteForGood(key, versionId)));
  await store.transact(async (transaction) => {
    const kept = await transaction.get('keptTrees', where);
    if (!kept) return;
    const left = afterDeletion(kept, dropped);
    if (isWithoutTrees(left)) transaction.delete('keptTrees', where);
    else transaction.put('keptTrees', left);
  });
  return dropped.length;
}
