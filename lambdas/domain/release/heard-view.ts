import type * as z from 'zod';
import { UnreadableRecordError } from '../errors.ts';
import type { Application } from '../model/application.ts';
import { isHeadIn } from '../model/branch-head.ts';
import type { Heard } from '../model/news/repository-news.ts';
import { repositoryName } from '../model/repository.ts';
import type { KeyOf, Kind, RecordOf } from '../model/table/records.ts';
import type { Store } from '../ports.ts';
import { unlessUnreadable } from '../transaction/unless-unreadable.ts';
import { viewHead } from './head-view.ts';
import type { HeardView, HearingSchema, PushViewSchema } from './hearing.ts';
import { findNotices } from './notices.ts';

/** Shows what was heard of the repository of an application, and why nothing came of it. */
export async function viewHeard(store: Store, application: Application): Promise<z.input<typeof HearingSchema>> {
  const { name, configRepository, repositoryId } = application;
  const repository = repositoryName(configRepository.url);
  const skipped = new Set<string>();
  const orSkipped = async <T>(read: () => Promise<T>): Promise<T | undefined> => {
    const found = await unlessUnreadable(read);
    if (!(found instanceof UnreadableRecordError)) return found;
    skipped.add(`${found.pk} ${found.sk}`);
    return undefined;
  };
  const get = <K extends Kind>(kind: K, key: KeyOf<K>): Promise<RecordOf<K> | undefined> =>
    orSkipped(() => store.get(kind, key));
  const [log, news, refusal, head] = await Promise.all([
    get('releaseLog', { application: name }),
    get('repositoryNews', { repository }),
    get('refusedPush', { repository }),
    orSkipped(() => viewHead(store, application)),
  ]);
  const isOurs = (heard: Heard) => isHeadIn(heard, { repositoryId });
  const branches = (news?.branches ?? []).filter(isOurs);
  const own = log?.heard;
  const isOwn = own?.branch === configRepository.branch && own.repository === repository && isOurs(own);
  const branch = (isOwn ? own : undefined) ?? branches.find((each) => each.branch === configRepository.branch);
  const heard: HeardView = {
    repository,
    branch: branch ? showPush(branch) : null,
    head: head ?? null,
    branches: branches.map(showPush),
    refused: null,
  };
  // A push that came later, or a confirmation of the id, has settled it.
  const isSettled =
    refusal === undefined ||
    (refusal.renamedTo === undefined && (repositoryId === undefined || refusal.repositoryId === repositoryId)) ||
    (refusal.renamedTo !== undefined && refusal.repositoryId !== repositoryId) ||
    [...branches, ...(branch ? [branch] : [])].some(({ at }) => at > refusal.at);
  if (!isSettled) {
    const { at, repositoryId: id, renamedTo = null } = refusal;
    heard.refused = { branch: refusal.branch, at, repositoryId: id, renamedTo };
  }
  const notices = await orSkipped(() => findNotices(store, application, heard, log?.newest ?? 0));
  if (skipped.size > 0) heard.skipped = skipped.size;
  return { heard, notices: notices ?? [] };
}

const showPush = ({ branch, commit, at, by }: Heard): z.input<typeof PushViewSchema> => ({ branch, commit, at, by });
