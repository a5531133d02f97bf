import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Database } from '../persistence/database.ts';
import { type ProgramStarter, runProgram } from '../programs/program-starter.ts';
import type { LocalEvent } from '../services/local-context.ts';
import { watchDirectories } from './directory-watch.ts';

/**
 * Milliseconds between two looks for what no event reports: which branches count, and refs in directories that cannot
 * be watched.
 */
const POLL_MS = 300;
/** Longest list of changed paths; git hosts do not list more either. */
const MOST_PATHS = 3000;

/** A branch, with the address that applications use for its repository. */
export interface Branch {
  readonly repository: string;
  readonly branch: string;
}

export interface WatchedBranch extends Branch {
  /**
   * True when an ephemeral environment is made from the branch: it must know the branch's commit before the branch
   * moves.
   */
  readonly isFollowed: boolean;
  /** True for a branch that nothing is deployed from. Only where it is when it is first seen is told. */
  readonly isOther?: boolean;
}

/** A branch that has moved. With the same commit before and after, the event only reports where the branch is. */
export interface Push extends Branch {
  readonly eventId: string;
  readonly before: string;
  readonly after: string;
  readonly forced: boolean;
  /** When the push was noticed. */
  readonly pushedAt: string;
  /** Undefined when there are too many, and for a forced push. */
  readonly changedPaths: readonly string[] | undefined;
  readonly message: string;
  readonly author: string;
}

interface GitWatcherProps {
  readonly programs: ProgramStarter;
  readonly directory: string;
  readonly database: Database;
  /** Returns the branches that are deployed from. */
  readonly branches: () => Promise<readonly WatchedBranch[]>;
  /** Reports a push. The push counts as reported once the promise resolves; until then it is reported again. */
  readonly onPush: (push: Push) => Promise<void>;
  /** Reports the deletion of a branch, in the same way. */
  readonly onDeleted: (branch: Branch & { readonly eventId: string }) => Promise<void>;
  readonly log: (event: LocalEvent) => void;
  /** Milliseconds to wait for an event before looking anyway. */
  readonly pollMs?: number;
}

/**
 * One process answers: is the first commit an ancestor of the second, what are author and message of the second, and
 * which paths differ? A file that moved from one application to another concerns both, so a rename counts as both of
 * its names.
 */
const DESCRIBE = `
set -e
cd "$1"
if git merge-base --is-ancestor "$2" "$3"; then relation=ahead; else relation=forced; fi
printf '%s\\0' "$relation"
git log -1 --format=%ae%n%B -z "$3"
printf '\\0'
if [ $relation = ahead ]; then git diff --name-only --no-renames -z "$2" "$3"; fi
`;

interface Told {
  /** The branch's last reported commit; empty for a deleted branch. */
  readonly head: string;
  /** How many events were reported for the branch. */
  readonly pushes: number;
  /** Whether the branch's commit was reported for an ephemeral environment. */
  readonly isFollowed?: boolean;
}

/**
 * Turns commits in a git directory into pushes. The last reported heads are kept, so that a commit made while nothing
 * watched is reported at the next start. A branch that is seen for the first time is not a push.
 */
export function watchRepository(props: GitWatcherProps): { stop(): Promise<void> } {
  const { programs, directory, database, branches, onPush, onDeleted, log, pollMs = POLL_MS } = props;
  const heads = database.collection<Told>('git-heads');
  let stopped = false;
  /** The last error; it is logged once, not at every look. */
  let problem: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isLooking = false;
  /** True when the refs have changed since the current or the last look began. */
  let isNews = false;
  let pass: Promise<void> = Promise.resolve();

  const run = async (command: string, ...parameters: string[]): Promise<string> => {
    const program = { command, parameters, directory: undefined, variables: process.env };
    const { code, stdout, stderr } = await runProgram(programs, program);
    if (code !== 0) throw new Error(stderr.trim() || `${command} ended with exit code ${code}`);
    return stdout;
  };
  const git = async (...args: string[]): Promise<string> => (await run('git', '-C', directory, ...args)).trim();
  /** Where refs are kept, also for a worktree; found once. */
  let refs: Promise<string> | undefined;
  /**
   * Returns the commit of a branch from the files of the repository: a process three times a second would slow down a
   * small machine.
   */
  const headOf = async (branch: string): Promise<string> => {
    const directory = await whereRefsAre();
    const loose = await readFile(join(directory, 'refs', 'heads', branch), 'utf8').catch(() => '');
    if (loose) return loose.trim();
    const packed = await readFile(join(directory, 'packed-refs'), 'utf8').catch(() => '');
    const line = packed.split('\n').find((each) => each.endsWith(` refs/heads/${branch}`));
    return line?.split(' ')[0] ?? '';
  };
  const whereRefsAre = (): Promise<string> => {
    refs ??= findRefs();
    return refs;
  };
  const findRefs = async (): Promise<string> => {
    const directory = await git('rev-parse', '--path-format=absolute', '--git-common-dir');
    if (existsSync(join(directory, 'reftable')))
      throw new Error(`${directory} keeps its refs in a reftable, which cannot be watched`);
    return directory;
  };
  /** Returns the branch that the repository's HEAD names, as the default branch of a git host. */
  const defaultBranch = async (): Promise<string | undefined> => {
    const head = await readFile(join(await whereRefsAre(), 'HEAD'), 'utf8').catch(() => '');
    return /^ref: refs\/heads\/(.+)$/m.exec(head)?.[1];
  };
  /**
   * Returns the branches and, for each address whose branch the repository does not have, the default branch: a git host
   * tells of every branch, and so people learn that theirs has another name.
   */
  const withDefaults = async (watched: readonly WatchedBranch[]): Promise<readonly WatchedBranch[]> => {
    const found = await Promise.all(
      watched.map(async ({ repository, branch }) => ((await headOf(branch)) === '' ? repository : undefined)),
    );
    const missing = new Set(found.filter((repository) => repository !== undefined));
    const branch = missing.size > 0 ? await defaultBranch() : undefined;
    if (branch === undefined) return watched;
    const isWatched = (one: string) => watched.some((each) => each.repository === one && each.branch === branch);
    const others = [...missing].filter((repository) => !isWatched(repository));
    return [...watched, ...others.map((repository) => ({ repository, branch, isFollowed: true, isOther: true }))];
  };
  /**
   * Returns whether the branch is gone according to git. The files cannot prove that, because they are read one after
   * the other.
   */
  const isGone = async (branch: string): Promise<boolean> =>
    (await git('for-each-ref', '--format=%(refname)', `refs/heads/${branch}`)) === '';
  const lookAt = async ({ repository, branch, isFollowed, isOther = false }: WatchedBranch): Promise<void> => {
    const key = `${directory}#${repository}#${branch}`;
    const after = await headOf(branch);
    const told = heads.get(key);
    const pushes = (told?.pushes ?? 0) + 1;
    if (!after) {
      if (!told?.head || !(await isGone(branch))) return;
      await onDeleted({ repository, branch, eventId: `local-${branch}-${pushes}-deleted` });
      heads.put(key, { head: '', pushes });
      return;
    }
    const isUntold = isFollowed && !told?.isFollowed;
    if (after === told?.head && !isUntold) return;
    const before = told?.head || (isFollowed ? after : undefined);
    const isToTell = before !== undefined && !(isOther && told?.head);
    if (isToTell) await onPush({ repository, ...(await describe(branch, before, after, pushes)) });
    // A branch that moved and is now followed gets its current commit reported in the next pass.
    heads.put(key, { head: after, pushes, isFollowed: told?.isFollowed || (isFollowed && before === after) });
  };
  const describe = async (
    branch: string,
    before: string,
    after: string,
    number: number,
  ): Promise<Omit<Push, 'repository'>> => {
    const stdout = await run('bash', '-c', DESCRIBE, 'describe', directory, before, after);
    const [relation, told = '', ...names] = stdout.split('\0');
    const [forced, paths] = [relation === 'forced', names.filter(Boolean)];
    const [author = '', ...message] = told.split('\n');
    return {
      eventId: `local-${branch}-${number}-${after}`,
      branch,
      before,
      after,
      forced,
      author,
      pushedAt: new Date().toISOString(),
      changedPaths: forced || paths.length > MOST_PATHS ? undefined : paths,
      message: message.join('\n').trim(),
    };
  };
  const look = async (): Promise<void> => {
    isNews = false;
    try {
      const watched = await withDefaults(await branches());
      const inRefs = join(await whereRefsAre(), 'refs', 'heads');
      directories.watch([inRefs, ...watched.map(({ branch }) => dirname(join(inRefs, branch)))]);
      for (const branch of watched) await lookAt(branch);
      problem = undefined;
    } catch (error) {
      if (String(error) !== problem)
        log({ source: 'git', message: 'watching the config repository failed', fields: { error: String(error) } });
      problem = String(error);
      refs = undefined;
    }
    isLooking = false;
    if (!stopped) timer = setTimeout(next, isNews && problem === undefined ? 0 : pollMs);
  };
  const next = (): void => {
    clearTimeout(timer);
    isLooking = true;
    pass = look();
  };
  const directories = watchDirectories((name) => {
    // Git first writes a new ref into a lock file beside it.
    if (stopped || name?.endsWith('.lock')) return;
    isNews = true;
    if (!isLooking && problem === undefined) next();
  });
  next();
  return {
    async stop() {
      stopped = true;
      directories.stop();
      clearTimeout(timer);
      await pass;
      clearTimeout(timer);
    },
  };
}
