import { realpathSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConfigRepositorySchema } from '../../lambdas/domain/model/application.ts';
import { askGit } from '../git/run-git.ts';

/** What a working copy tells about its repository. */
export interface WorkingRepository {
  /** The top directory of the working copy. */
  readonly root: string;
  /** The address of `origin`, if it can be registered: https or ssh, without credentials. */
  readonly url: string | undefined;
  /** The directory of `origin`, if that is on this machine. */
  readonly directory: string | undefined;
  /** The branch that the remote checks out by itself; without a remote, the one that is checked out here. */
  readonly branch: string | undefined;
}

/** Looks at the repository around a directory. Returns undefined if there is none. */
export async function findRepository(directory: string): Promise<WorkingRepository | undefined> {
  const ask = (...args: string[]) => askGit(args, { cwd: directory });
  const root = await ask('rev-parse', '--show-toplevel');
  if (root === undefined) return undefined;
  const origin = await ask('remote', 'get-url', 'origin');
  const here = await ask('symbolic-ref', '--quiet', '--short', 'HEAD');
  if (origin === undefined) return { root, url: undefined, directory: realPath(root), branch: here };
  const branch = (await remoteBranch(ask)) ?? here;
  return { root, url: registrable(origin), directory: directoryOf(origin, root), branch };
}

/**
 * Returns the newest commit of a branch that `origin` had when it was last asked; without `origin`, that of the branch
 * here. Undefined if there is no such branch.
 */
export async function newestCommitOf(root: string, branch: string): Promise<string | undefined> {
  const origin = await askGit(['remote', 'get-url', 'origin'], { cwd: root });
  const ref = origin === undefined ? `refs/heads/${branch}` : `refs/remotes/origin/${branch}`;
  return askGit(['rev-parse', '--verify', '--quiet', `${ref}^{commit}`], { cwd: root });
}

/** Returns the branch that the remote checks out by itself: as a clone has noted it, else by asking the remote. */
async function remoteBranch(ask: (...args: string[]) => Promise<string | undefined>): Promise<string | undefined> {
  const noted = await ask('symbolic-ref', '--quiet', '--short', 'refs/remotes/origin/HEAD');
  if (noted !== undefined) return noted.replace(/^origin\//, '');
  const told = await ask('ls-remote', '--symref', 'origin', 'HEAD');
  return /^ref: refs\/heads\/(\S+)\tHEAD$/m.exec(told ?? '')?.[1];
}

/** Returns an address without the credentials in it, if it is one that Stagegate registers. */
function registrable(origin: string): string | undefined {
  const url = origin.replace(/^(https:\/\/)[^/@]*@/i, '$1');
  return ConfigRepositorySchema.safeParse({ url }).success ? url : undefined;
}

function directoryOf(origin: string, root: string): string | undefined {
  if (origin.startsWith('file:')) return realPath(fileURLToPath(origin));
  return isAbsolute(origin) || origin.startsWith('.') ? realPath(resolve(root, origin)) : undefined;
}

/** Returns the path without symbolic links and without `.git` at its end, by which directories are compared. */
export function realPath(path: string): string | undefined {
  try {
    return realpathSync(path).replace(/\/\.git$/, '');
  } catch {
    return undefined;
  }
}
