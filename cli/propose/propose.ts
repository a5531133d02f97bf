import { isLocal } from '../../lambdas/domain/plan/modules/module-source.ts';
import { runGit } from '../git/run-git.ts';
import { decideAll } from './decide.ts';
import { ModuleRepositories } from './module-repository.ts';
import type { Proposal, RanModule } from './proposal.ts';
import { readCallFiles, WorkingCopyError, writeChanges } from './working-copy.ts';

/** What the API says, and where the working copy is. */
export interface ProposeInput {
  /** The top directory of the working copy. */
  readonly root: string;
  /** Directory of the target environment in the repository, such as `apps/my-app/stage1`. */
  readonly directory: string;
  readonly engine: 'terraform' | 'tofu';
  /** The environment that the versions are taken from, and what it runs. */
  readonly from: string;
  readonly ran: readonly RanModule[];
  /** What the target environment runs; undefined if nothing is deployed there. Tells of calls in other modules. */
  readonly running: readonly RanModule[] | undefined;
  /** Addresses by which modules may name the repository of the working copy. */
  readonly addresses: readonly string[];
  /** Whether to write, and not only to show. */
  readonly isWritten: boolean;
}

export interface Proposed {
  readonly proposals: readonly Proposal[];
  /** Files that were written, as paths in the working copy. */
  readonly written: readonly string[];
}

/**
 * Finds the module calls of a directory that stand behind what ran in another environment, and writes their versions
 * and refs. Never commits. Throws WorkingCopyError, with nothing written, if a file to be changed has changes that are
 * not committed.
 */
export async function propose(input: ProposeInput): Promise<Proposed> {
  const { root, directory, engine, from, ran, running, addresses, isWritten } = input;
  const files = readCallFiles(root, directory, engine);
  const repositories = new ModuleRepositories({ workingCopy: root, addresses });
  try {
    const calls = files.flatMap((file) => file.calls);
    const decided = await decideAll(calls, { from, ran, open: (url) => repositories.open(url) });
    const proposals = [...decided, ...nestedIn(from, ran, running ?? [])];
    const changing = new Set(proposals.flatMap(({ file, edit }) => (file !== null && edit ? [file] : [])));
    if (!isWritten || changing.size === 0) return { proposals, written: [] };
    await requireClean(root, [...changing]);
    return { proposals, written: writeChanges(root, files, proposals) };
  } finally {
    repositories.close();
  }
}

/** Tells of calls in other modules that run in another version: their versions are written there, for all callers. */
function nestedIn(from: string, ran: readonly RanModule[], running: readonly RanModule[]): Proposal[] {
  const there = new Map(ran.map((module) => [module.call, module]));
  return running.flatMap(({ call, version, source }): Proposal[] => {
    const outer = call.split('.').slice(0, -2).join('.');
    const other = there.get(call);
    const isOwn = outer !== '' && !isLocal(source);
    if (!isOwn || other === undefined || other.version === version) return [];
    const reason = `its version is written in ${outer}, for everyone who calls that module`;
    return [
      {
        call,
        file: null,
        line: null,
        verdict: 'undecided',
        now: version,
        ran: other.version,
        reason: `${reason}; ${from} runs ${other.version}`,
      },
    ];
  });
}

/** Throws WorkingCopyError if one of the files differs from the last commit, or is not in it. */
async function requireClean(root: string, files: readonly string[]): Promise<void> {
  const args = ['status', '--porcelain', '-z', '--ignored', '--untracked-files=all', '--', ...files];
  const { code, stdout } = await runGit(['--literal-pathspecs', ...args], { cwd: root });
  if (code !== 0) throw new WorkingCopyError(`${root} is no working copy of a git repository: nothing was written`);
  const dirty = stdout
    .toString()
    .split('\0')
    .filter((line) => line !== '')
    .map((line) => line.slice(3));
  if (dirty.length > 0)
    throw new WorkingCopyError(
      `nothing was written, because these files have changes that are not committed: ${dirty.join(', ')}. Commit or stash them first`,
    );
  // Git tells no changes of what it does not know, such as files of a repository inside of this one.
  const listed = await runGit(['--literal-pathspecs', 'ls-files', '--error-unmatch', '--', ...files], { cwd: root });
  if (listed.code !== 0)
    throw new WorkingCopyError(
      `nothing was written, because git does not track all of these files: ${files.join(', ')}`,
    );
}
