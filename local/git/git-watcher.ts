import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Database } from '../persistence/database.ts';
import { type ProgramStarter, runProgram } from '../programs/program-starter.ts';
import type { LocalEvent } from '../services/local-context.ts';
import { watchDirectories } from './directory-watch.ts';

/** For what no event tells: which branches count, and refs where directories cannot be watched. */
const POLL_MS = 300;
/** More paths than this are not listed, as git hosts do not list them either. */
const MOST_PATHS = 3000;

/** A branch, and the address under which applications know its repository. */
export interface Branch {
  readonly repository: string;
  readonly branch: string;
}

export interface WatchedBranch extends Branch {
  /** An ephemeral environment is made from it, which has to know where the branch is before it moves. */
  readonly isFollowed: boolean;
}

/** A branch that has moved; or, with the same commit before and after, where it is. */
export interface Push extends Branch {
  readonly eventId: string;
  readonly before: string;
  readonly after: string;
  readonly forced: boolean;
  /** When it was noticed. */
  readonly pushedAt: string;
  /** Undefined when there are too many. */
  readonly changedPaths: readonly string[] | undefined;
  readonly message: string;
  readonly author: string;
}

interface GitWatcherProps {
  readonly programs: ProgramStarter;
  readonly directory: string;
  readonly database: Database;
  /** The branches that somebody deploys from. */
  readonly branches: () => Promise<readonly WatchedBranch[]>;
  /** The push counts as told once this resolves; until then it is told again. */
  readonly onPush: (push: Push) => Promise<void>;
  /** The same for a branch that is gone. */
  readonly onDeleted: (branch: Branch & { readonly eventId: string }) => Promise<void>;
  readonly log: (event: LocalEvent) => void;
  /** How long to wait for an event before looking all the same. */
  readonly pollMs?: number;
}

/**
 * In one process: is the one commit an ancestor of the other,
 * what does the other say, and which paths differ? A file that moved from one application to another concerns both, so
 * a rename counts as both of its names.
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
  /** Empty for a branch that was deleted. */
  readonly head: string;
  /** How often something was told of the branch. */
  readonly pushes: number;
  /** Was it told where the branch is? */
  readonly isFollowed?: boolean;
}

/**
 * Turns commits in a git directory into pushes. The heads told last are kept, so that a commit made while nobody watched
 * is told at the next start. The first sight of a branch is no push.
 */
export function watchRepository(props: GitWatcherProps): { stop(): Promise<void> } {
  const { programs, directory, database, branches, onPush, onDeleted, log, pollMs = POLL_MS } = props;
  const heads = database.collection<Told>('git-heads');
  let stopped = false;
  /** What went wrong last time; told once, not at every look. */
  let problem: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isLooking = false;
  /** Something happened to the refs since the look that is under way, or the last one, began. */
  let isNews = false;
  let pass: Promise<void> = Promise.resolve();

  const run = async (command: string, ...parameters: string[]): Promise<string> => {
    const program = { command, parameters, directory: undefined, variables: process.env };
    const { code, stdout, stderr } = await runProgram(programs, program);
    if (code !== 0) throw new Error(stderr.trim() || `${command} ended with exit code ${code}`);
    return stdout;
  };
  const git = async (...args: string[]): Promise<string> => (await run('git', '-C', directory, ...args)).trim();
  /** Where refs are kept, also for a worktree; asked once. */
  let refs: Promise<string> | undefined;
  /** Read from the files of the repository: a process three times a second would be felt on a small machine. */
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
  /** The files were read one after the other; whether a branch is gone is for git to say. */
  const isGone = async (branch: string): Promise<boolean> =>
    (await git('for-each-ref', '--format=%(refname)', `refs/heads/${branch}`)) === '';
  const lookAt = async ({ repository, branch, isFollowed }: WatchedBranch): Promise<void> => {
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
    if (before) await onPush({ repository, ...(await describe(branch, before, after, pushes)) });
    // A branch that moved and is followed now is told where it is in the next pass.
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
      const watched = await branches();
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
    // Git writes what becomes a ref into a lock beside it first.
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
