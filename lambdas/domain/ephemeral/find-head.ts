import type { ConfigPushed } from '../events.ts';
import type { Application } from '../model/application.ts';
import { isHeadIn } from '../model/branch-head.ts';
import { isHeadOnBranch } from '../model/release.ts';
import { repositoryName } from '../model/repository.ts';
import type { Reader, Store, Surroundings } from '../ports.ts';
import { headAfter } from './head-after.ts';

/**
 * Returns the head of a branch as pushes have reported it. For the application's own branch, the head in its release
 * log counts if there is no other.
 */
export async function findHead(
  reader: Reader,
  { name: application, configRepository: { url, branch: own }, repositoryId }: Application,
  branch: string,
): Promise<string | undefined> {
  const found = await reader.get('branchHead', { repository: repositoryName(url), branch });
  const known = found && isHeadIn(found, { repositoryId }) ? found : undefined;
  if (known || branch !== own) return known?.head;
  const log = await reader.get('releaseLog', { application });
  return log && isHeadOnBranch(log, branch) ? log.head : undefined;
}

/** Records the head of a branch that a push reports. */
export async function noteHead(
  { store, surroundings }: { readonly store: Store; readonly surroundings: Surroundings },
  push: ConfigPushed,
): Promise<void> {
  await store.transact(async (transaction) => {
    const reference = { repository: repositoryName(push.repository), branch: push.branch };
    const known = await transaction.get('branchHead', reference);
    const next = headAfter(known, push, surroundings.now());
    if (next && next !== known) transaction.put('branchHead', next);
  });
}
