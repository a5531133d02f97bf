import * as z from 'zod';
import { CommitSchema, ReleaseNumberSchema } from '../names.ts';
import type { Reader } from '../ports.ts';

/** The head of an application's branch as far as pushes have reported it, beside the newest release. */
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

/** Shows the head of an application's branch; null before the first push is reported. */
export async function viewHead(reader: Reader, application: string): Promise<HeadView | null> {
  const log = await reader.get('releaseLog', { application });
  if (!log?.head) return null;
  const { head: commit, headPushedAt: pushedAt = null, newest } = log;
  const release = newest > 0 ? await reader.get('release', { application, number: newest }) : undefined;
  return {
    commit,
    pushedAt,
    newestRelease: release?.number ?? null,
    isAhead: release ? await isAhead(reader, commit, release) : true,
  };
}

async function isAhead(
  reader: Reader,
  head: string,
  { application, commit }: { readonly application: string; readonly commit: string },
): Promise<boolean | null> {
  if (commit === head) return false;
  return (await reader.get('passage', { application, commit })) ? true : null;
}
