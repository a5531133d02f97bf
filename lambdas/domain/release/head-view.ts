import * as z from 'zod';
import type { Application } from '../model/application.ts';
import { isHeadIn } from '../model/branch-head.ts';
import { isHeadOnBranch, type Release } from '../model/release.ts';
import { repositoryName } from '../model/repository.ts';
import type { RecordOf } from '../model/table/records.ts';
import { CommitSchema, ReleaseNumberSchema } from '../names.ts';
import type { Reader } from '../ports.ts';

/** The head of an application's branch as far as events have told of it, beside the newest release. */
export const HeadViewSchema = z
  .object({
    commit: CommitSchema,
    /** Time of the push that made this commit the head, if the push gave it. */
    pushedAt: z.string().nullable(),
    newestRelease: ReleaseNumberSchema.nullable(),
    /**
     * Whether the head is ahead of the newest release: pushes since then did not concern the application, or the newest
     * release was requested for an older commit. Null if no push has reported the commit of the newest release.
     */
    isAhead: z.boolean().nullable(),
  })
  .meta({ id: 'Head' });
export type HeadView = z.input<typeof HeadViewSchema>;

/** Shows the head of an application's branch; null until an event has told of it. */
export async function viewHead(
  reader: Reader,
  { name: application, configRepository: { url, branch }, repositoryId }: Application,
): Promise<HeadView | null> {
  const [found, inLog] = await Promise.all([
    reader.get('branchHead', { repository: repositoryName(url), branch }),
    reader.get('releaseLog', { application }),
  ]);
  const known = found && isHeadIn(found, { repositoryId }) ? found : undefined;
  // The application may have had another branch before.
  const log = inLog && isHeadOnBranch(inLog, branch) ? inLog : undefined;
  const { head: commit, headPushedAt: pushedAt = null } = known ?? log ?? {};
  if (commit === undefined) return null;
  const number = inLog?.newest ?? 0;
  const release = number > 0 ? await reader.get('release', { application, number }) : undefined;
  if (!release) return { commit, pushedAt, newestRelease: null, isAhead: true };
  return { commit, pushedAt, newestRelease: number, isAhead: await isAhead(reader, commit, release, { known, log }) };
}

async function isAhead(
  reader: Reader,
  head: string,
  release: Release,
  {
    known,
    log,
  }: { readonly known: RecordOf<'branchHead'> | undefined; readonly log: RecordOf<'releaseLog'> | undefined },
): Promise<boolean | null> {
  const { commit } = release;
  if (commit === head) return false;
  if (known?.past.includes(commit)) return true;
  // An older log does not say of which branch it is. After a push it is newer for a moment.
  const isSameBranch = log?.head !== undefined && (log.head === head || known?.past.includes(log.head));
  return isSameBranch && (await reader.get('passage', release)) ? true : null;
}
