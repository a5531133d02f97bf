import { type Decision, type RanModule, undecided } from './proposal.ts';
import type { ModuleSource } from './source.ts';
import { compareVersions, readVersionRef, type VersionRef } from './version-order.ts';

/** The git repository of a module. */
export interface ModuleRepository {
  /** The names of all tags. */
  tags(): Promise<readonly string[]>;
  /** The identity of the content of a directory at a ref; undefined if there is no such ref or directory. */
  identityAt(ref: string, directory: string): Promise<string | undefined>;
  /** Whether the commit of the first ref comes before that of the other; undefined if one is not known. */
  isBefore(one: string, other: string): Promise<boolean | undefined>;
}

/** What is known of the call, and of what ran. */
export interface GitCall {
  readonly source: ModuleSource;
  /** The ref that the call names. */
  readonly ref: string;
  readonly ran: RanModule;
  /** The ref by which it ran, if it came from the same repository; undefined for the newest commit and local paths. */
  readonly ranRef: string | undefined;
  /** The environment where it ran. */
  readonly from: string;
}

const COMMIT = /^[0-9a-f]{40}$/;

/**
 * Decides about a call of a git module. A tag or commit by which it ran is taken as it is; for a branch, for a source
 * without ref and for a local path, the newest tag whose directory has the content that ran.
 */
export async function decideGitRef(call: GitCall, repository: ModuleRepository): Promise<Decision> {
  const { ref, ran, ranRef, source, from } = call;
  if (ranRef !== undefined && (COMMIT.test(ranRef) || (await repository.tags()).includes(ranRef))) {
    if (ref === ranRef) return { verdict: 'same', ran: ranRef, reason: `runs in ${from}` };
    const identity = ran.identity && (await repository.identityAt(ranRef, source.directory));
    if (identity && identity !== ran.identity)
      return undecided(`"${ranRef}" has other content now than when it ran in ${from}`, ranRef);
    return inOrder(call, ranRef, `ran in ${from}`, repository);
  }
  const { identity } = ran;
  if (identity === undefined) return undecided(`what ran in ${from} is not known by its content`, ranRef);
  if ((await repository.identityAt(ref, source.directory)) === identity)
    return { verdict: 'same', ran: ref, reason: `has the content that runs in ${from}` };
  const families = familiesFor(ref, source.directory);
  const newest = await newestWith(identity, { repository, directory: source.directory, families });
  if (newest === undefined)
    return undecided(
      `no tag ${families.map((family) => `${family}*`).join(' or ')} has the content that runs in ${from}`,
    );
  return inOrder(call, newest, `has the content that runs in ${from}`, repository);
}

/** Decides without the repository, for a call and a ref that name versions of one form. Undefined for all others. */
export function decideByVersion({ ref, from }: GitCall, ran: string, reason: string): Decision | undefined {
  if (ref === ran) return { verdict: 'same', ran, reason: `runs in ${from}` };
  const [here, there] = [readVersionRef(ref), readVersionRef(ran)];
  if (here?.family !== there?.family || !here || !there) return undefined;
  const order = compareVersions(here.version, there.version);
  if (order === 0) return undefined;
  if (order < 0) return { verdict: 'change', to: ran, reason };
  return { verdict: 'ahead', ran, reason: `newer than what runs in ${from}` };
}

/** Decides whether the ref of the call is older than the other, by version or by history. */
async function inOrder(call: GitCall, ran: string, reason: string, repository: ModuleRepository): Promise<Decision> {
  const decided = decideByVersion(call, ran, reason);
  if (decided) return decided;
  const { ref, from, source } = call;
  if (await repository.isBefore(ref, ran)) return { verdict: 'change', to: ran, reason };
  if (await repository.isBefore(ran, ref)) return { verdict: 'ahead', ran, reason: `newer than what runs in ${from}` };
  const identity = await repository.identityAt(ref, source.directory);
  if (identity !== undefined && identity === call.ran.identity)
    return { verdict: 'same', ran, reason: `has the content that runs in ${from}` };
  return undecided(`it is not clear whether "${ref}" is older than "${ran}"`, ran);
}

/**
 * Returns the beginnings of the tags that may stand for a module. A call that names a version goes on with tags of the
 * same form: other tags of the repository are versions of something else. Otherwise these are tags that begin with the
 * name of the directory, and tags of the whole repository.
 */
function familiesFor(ref: string, directory: string): readonly string[] {
  const written = readVersionRef(ref);
  if (written) return [written.family];
  const name = directory.split('/').at(-1) ?? '';
  return [...(name === '' ? [] : [`${name}-v`, `${name}/v`, `${name}-`, `${name}/`]), 'v', ''];
}

const isRelease = ({ version }: VersionRef): boolean => version.before === '';

async function newestWith(
  identity: string,
  { repository, directory, families }: { repository: ModuleRepository; directory: string; families: readonly string[] },
): Promise<string | undefined> {
  const candidates = (await repository.tags())
    .flatMap((tag) => {
      const read = readVersionRef(tag);
      return read && families.includes(read.family) ? [{ tag, ...read }] : [];
    })
    .sort(
      (one, other) =>
        families.indexOf(one.family) - families.indexOf(other.family) ||
        Number(isRelease(other)) - Number(isRelease(one)) ||
        compareVersions(other.version, one.version),
    );
  for (const { tag } of candidates) if ((await repository.identityAt(tag, directory)) === identity) return tag;
  return undefined;
}
