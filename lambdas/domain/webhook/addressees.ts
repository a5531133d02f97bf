import type { Application } from '../model/application.ts';
import type { RefusedPush } from '../model/news/repository-news.ts';
import { isRepositoryIn, isSameHost, isSameRepository, repositoryName } from '../model/repository.ts';
import type { Announcement } from './github-payload.ts';

/** For whom a delivery is. `refused`: what is told to the applications for which nothing comes of it. */
export type Addressees =
  /** For applications; the note says what will not come of it all the same. */
  | { readonly kind: 'known'; readonly note?: string; readonly refused: Refusals }
  /** For nobody, and why. */
  | { readonly kind: 'none'; readonly reason: string; readonly refused: Refusals }
  /** For applications that know another repository by this name. */
  | { readonly kind: 'foreign'; readonly reason: string; readonly refused: Refusals }
  /** The secret of a part of the host signs for a repository outside of that part. */
  | { readonly kind: 'outside'; readonly reason: string };

type Refusals = readonly Omit<RefusedPush, 'at'>[];

/** Most addresses or applications that a reason names. */
const MOST_NAMED = 10;

/**
 * Says which applications a delivery is for. Reasons name repositories and applications only of the part of the host
 * whose secret has signed: the sender reads them.
 */
export function addresseesOf(
  applications: readonly Application[],
  announcement: Announcement,
  part: string | undefined,
): Addressees {
  const { name, detail } = announcement;
  const { repository, repositoryId, branch } = detail;
  const place = repositoryName(repository);
  const own = applications.filter(({ configRepository: { url } }) => part === undefined || isRepositoryIn(part, url));
  const known = own.filter(
    (application) =>
      repositoryId !== undefined &&
      application.repositoryId === repositoryId &&
      isSameHost(application.configRepository.url, repository),
  );
  const isOutside = part !== undefined && !isRepositoryIn(part, repository);
  const meant = isOutside ? [] : own.filter(({ configRepository: { url } }) => isSameRepository(url, repository));
  if (meant.length === 0) {
    if (known.length > 0)
      return { kind: 'none', reason: renamed(known, repository), refused: refusals(announcement, known, []) };
    if (isOutside) return { kind: 'outside', reason: `the secret of ${part} does not speak for ${repository}` };
    return {
      kind: 'none',
      reason: `no application is deployed from ${place}; ${expected(own, repository)}`,
      refused: [],
    };
  }
  const foreign = meant.filter(
    ({ repositoryId: id = repositoryId }) => id !== repositoryId && repositoryId !== undefined,
  );
  const rest = meant.filter((application) => !foreign.includes(application));
  const moved = known.filter((application) => !meant.includes(application));
  const notes = [
    ...(moved.length > 0 ? [renamed(moved, repository)] : []),
    ...(foreign.length > 0 ? [replaced(foreign, place, repositoryId)] : []),
    ...(rest.length > 0 && name === 'ConfigPushed' ? branchNote(rest, place, branch) : []),
  ];
  const refused = refusals(announcement, moved, foreign);
  if (rest.length === 0) return { kind: 'foreign', reason: notes.join('; '), refused };
  return { kind: 'known', ...(notes.length > 0 && { note: notes.join('; ') }), refused };
}

/**
 * Returns what applications are told of a push that know the repository by another name, or another repository by its
 * name.
 */
function refusals(
  { name, detail: { repository: renamedTo, repositoryId, branch } }: Announcement,
  moved: readonly Application[],
  foreign: readonly Application[],
): Refusals {
  if (name !== 'ConfigPushed' || repositoryId === undefined) return [];
  const nameOf = ({ configRepository: { url } }: Application) => repositoryName(url);
  return [
    ...moved.map((application) => ({ repository: nameOf(application), repositoryId, renamedTo, branch })),
    ...foreign.map((application) => ({ repository: nameOf(application), repositoryId, branch })),
  ];
}

function renamed(known: readonly Application[], url: string): string {
  const before = [...new Set(known.map(({ configRepository }) => repositoryName(configRepository.url)))];
  return (
    `the repository ${listed(before)} was renamed or transferred to ${repositoryName(url)}: nothing is deployed to ` +
    `${listed(known.map(({ name }) => name))} until an admin changes configRepository.url to ${url} (PUT /applications/{app})`
  );
}

function replaced(foreign: readonly Application[], place: string, id: number | undefined): string {
  const names = foreign.map(({ name, repositoryId }) => `${name} (repository ${repositoryId})`);
  return (
    `${place} is another repository now, with the id ${id}; nothing of it is deployed to ${listed(names)} until an ` +
    'admin confirms both ids (POST /applications/{app}/repository-confirmations) and this is delivered again'
  );
}

function expected(own: readonly Application[], url: string): string {
  const owner = repositoryName(url).split('/').slice(0, -1).join('/');
  const addresses = [
    ...new Set(
      own
        .map(({ configRepository }) => configRepository.url)
        .filter((address) => isSameHost(address, url))
        .map(repositoryName),
    ),
  ].sort();
  const nearest = addresses.filter((address) => address.startsWith(`${owner}/`));
  const others = addresses.filter((address) => !nearest.includes(address));
  if (addresses.length === 0) return 'no application is deployed from any repository of this host';
  return `applications are deployed from ${listed([...nearest, ...others])}`;
}

/** A push to a branch that no application is deployed from reaches ephemeral environments only. */
function branchNote(meant: readonly Application[], place: string, branch: string): string[] {
  if (meant.some(({ configRepository }) => configRepository.branch === branch)) return [];
  const branches = meant.map(({ name, configRepository }) => `${name} from ${configRepository.branch}`);
  return [
    `no application is deployed from the branch ${branch} of ${place} (${listed(branches)}); the push counts for ephemeral environments only`,
  ];
}

const listed = (names: readonly string[]): string =>
  names.length <= MOST_NAMED
    ? names.join(', ')
    : `${names.slice(0, MOST_NAMED).join(', ')} and ${names.length - MOST_NAMED} more`;
