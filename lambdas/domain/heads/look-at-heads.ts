import { createHash } from 'node:crypto';
import { UnreadableRecordError } from '../errors.ts';
import type { EventDetail } from '../events.ts';
import { LISTINGS } from '../model/table/listings.ts';
import type { EventBus, RepositoryHeads, Store, Surroundings } from '../ports.ts';
import { listReadable } from '../transaction/list-all.ts';
import { unlessUnreadable } from '../transaction/unless-unreadable.ts';
import { type LookedAt, lookedAt } from './looked-at.ts';

interface Services {
  readonly store: Store;
  readonly events: EventBus;
  readonly surroundings: Surroundings;
  readonly repositoryHeads: RepositoryHeads;
}

interface LookProps {
  /** Parts of git hosts, such as `git.example` or `github.com/acme`. */
  readonly parts: readonly string[];
  /** Waits for messages of git hosts that are on their way. */
  readonly pause: () => Promise<void>;
  /** Time after which no further repository is asked. */
  readonly until: string;
}

/** The result for one branch, or for a repository that could not be asked. */
export interface Look {
  readonly repository: string;
  readonly branch?: string;
  /**
   * `published`: a push that nobody had told of. `noted`: the branch was seen for the first time. `gone`: the repository
   * has no such branch. `failed`: the repository was asked and gave no answer, or the head that pushes have told of
   * cannot be read. `skipped`: it was not asked, because its host did not answer or the time was over.
   */
  readonly outcome: 'unchanged' | 'told' | 'noted' | 'published' | 'gone' | 'failed' | 'skipped';
  readonly problem?: string;
}

/** Repositories of one host that are asked at the same time. */
const AT_ONCE = 4;
/** After so many repositories of a host in a row without an answer, the host counts as down. */
const MOST_UNANSWERED = 3;
const HOUR_MS = 3_600_000;

/**
 * Asks public repositories for their heads, and publishes a push for each branch whose head no push has told of. It
 * writes nothing: what it publishes goes the way of every push.
 */
export async function lookAtHeads(services: Services, { parts, pause, until }: LookProps): Promise<Look[]> {
  const { store, surroundings } = services;
  const repositories = lookedAt((await listReadable(store, LISTINGS.applications())).items, parts);
  // Another repository comes first each hour, so that none is always left out where time is short.
  const first = Math.floor(Date.parse(surroundings.now()) / HOUR_MS) % Math.max(1, repositories.length);
  const inTurn = [...repositories.slice(first), ...repositories.slice(0, first)];
  const hosts = Map.groupBy(inTurn, ({ host }) => host);
  const seen = (await Promise.all([...hosts.values()].map((each) => askHost(services, each, until)))).flat();
  const looks: Look[] = [];
  const moved: Seen[] = [];
  for (const one of seen) {
    if ('outcome' in one) looks.push(one);
    else if (one.known?.commit === one.commit) looks.push({ ...placeOf(one), outcome: 'unchanged' });
    else moved.push(one);
  }
  if (moved.length > 0) await pause();
  for (const one of moved) {
    const outcome = await unlessUnreadable(() => tell(services, one));
    looks.push(outcome instanceof UnreadableRecordError ? unreadable(one, outcome) : { ...placeOf(one), outcome });
  }
  return looks;
}

/** A branch as its repository shows it, beside the head that pushes have told of. */
interface Seen {
  readonly repository: LookedAt;
  readonly branch: string;
  readonly commit: string;
  readonly known: KnownHead | undefined;
  /** When the repository was asked: all pushes until then are in the commit. */
  readonly askedAt: string;
}

interface KnownHead {
  readonly commit: string;
  readonly pushedAt?: string | undefined;
}

const placeOf = ({ repository: { repository }, branch }: Pick<Seen, 'repository' | 'branch'>) => ({
  repository,
  branch,
});

const unreadable = (one: Pick<Seen, 'repository' | 'branch'>, { message }: UnreadableRecordError): Look => ({
  ...placeOf(one),
  outcome: 'failed',
  problem: message,
});

/** Asks the repositories of one host, a few at a time. */
async function askHost(services: Services, repositories: readonly LookedAt[], until: string): Promise<(Seen | Look)[]> {
  const waiting = [...repositories];
  const found: (Seen | Look)[] = [];
  let unanswered = 0;
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const { repository } = next;
      const isLate = Date.parse(services.surroundings.now()) >= Date.parse(until);
      if (isLate || unanswered >= MOST_UNANSWERED) {
        found.push({ repository, outcome: 'skipped', problem: isLate ? 'no time left' : 'the host does not answer' });
        continue;
      }
      const askedAt = services.surroundings.now();
      const heads = await services.repositoryHeads.of(next.url);
      unanswered = heads.kind === 'unreachable' ? unanswered + 1 : 0;
      if (heads.kind === 'branches') found.push(...(await compare(services, next, heads.branches, askedAt)));
      else found.push({ repository, outcome: 'failed', problem: heads.problem });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return found;
}

async function compare(
  { store }: Services,
  repository: LookedAt,
  heads: ReadonlyMap<string, string>,
  askedAt: string,
): Promise<(Seen | Look)[]> {
  return Promise.all(
    [...repository.branches].map(async (branch): Promise<Seen | Look> => {
      const commit = heads.get(branch);
      if (commit === undefined) return { repository: repository.repository, branch, outcome: 'gone' };
      const known = await unlessUnreadable(() => knownHead(store, repository, branch));
      if (known instanceof UnreadableRecordError) return unreadable({ repository, branch }, known);
      return { repository, branch, commit, known, askedAt };
    }),
  );
}

/** Returns the head that pushes have told of. */
async function knownHead(store: Store, { repository }: LookedAt, branch: string): Promise<KnownHead | undefined> {
  const head = await store.get('branchHead', { repository, branch });
  return head && { commit: head.head, pushedAt: head.headPushedAt };
}

/**
 * Publishes the push that nobody has told of, unless a message of the git host has told of one in the meantime. A branch
 * that is seen for the first time has not moved: then the event only reports where it is.
 */
async function tell({ store, events }: Services, seen: Seen): Promise<'told' | 'noted' | 'published'> {
  const { repository, branch, commit, known, askedAt } = seen;
  const now = await knownHead(store, repository, branch);
  if (now?.commit !== known?.commit || now?.pushedAt !== known?.pushedAt) return 'told';
  const before = known?.commit ?? commit;
  const detail: EventDetail<'ConfigPushed'> = {
    eventId: eventIdOf(repository.repository, branch, [before, known?.pushedAt ?? '', commit]),
    repository: repository.url,
    branch,
    before,
    after: commit,
    pushedAt: askedAt,
    via: 'look',
  };
  await events.publish('ConfigPushed', detail);
  return known ? 'published' : 'noted';
}

/**
 * Returns the same id for the same move, however often it is seen. The time of the head before distinguishes a move that
 * the branch makes a second time.
 */
const eventIdOf = (repository: string, branch: string, move: readonly string[]): string =>
  `head-${createHash('sha256')
    .update(JSON.stringify([repository, branch, ...move]))
    .digest('hex')
    .slice(0, 40)}`;
