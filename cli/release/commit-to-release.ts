import { isSameRepository } from '../../lambdas/domain/model/repository.ts';
import { withoutCredentials } from '../../lambdas/domain/plan/modules/module-source.ts';
import { runGit } from '../git/run-git.ts';
import { CommandError } from '../output/command-error.ts';
import { short } from '../output/words.ts';

export interface Commit {
  readonly commit: string;
  readonly message: string;
  readonly author: string;
  /** What people should know before the release is made. */
  readonly notes: readonly string[];
}

/**
 * Reads a commit of a working copy. Throws CommandError if it is not pushed: builds fetch it from the git host, so a
 * release of it could only fail.
 */
export async function commitToRelease(directory: string, name: string, repository: string): Promise<Commit> {
  const commit = await git(directory, 'rev-parse', '--verify', '--end-of-options', `${name}^{commit}`);
  const remotes = (await git(directory, 'remote')).split('\n').filter((remote) => remote !== '');
  const urls = await Promise.all(remotes.map((remote) => git(directory, 'remote', 'get-url', remote)));
  // A repository without remotes is its own origin: that of a local cloud.
  const isPushed = remotes.length === 0 || (await git(directory, 'branch', '--remotes', '--contains', commit)) !== '';
  if (!isPushed)
    throw new CommandError(
      'usage',
      `commit ${short(commit)} is not pushed: no branch of ${remotes.join(', ')} has it`,
      {
        nextStep: 'Push it, then give the command again: `git push`. If it is pushed already: `git fetch`.',
      },
    );
  const [message, author, changes] = await Promise.all([
    git(directory, 'log', '-1', '--format=%B', commit),
    git(directory, 'log', '-1', '--format=%an <%ae>', commit),
    git(directory, 'status', '--porcelain'),
  ]);
  const isElsewhere = urls.length > 0 && !urls.some((url) => isSameRepository(url, repository));
  return {
    commit,
    message: message.trim(),
    author,
    notes: [
      ...(name === 'HEAD' && changes !== '' ? ['The working copy has changes that are no part of the commit.'] : []),
      ...(isElsewhere
        ? [
            `This working copy comes from ${urls.map(withoutCredentials).join(', ')}, and the application from ${repository}.`,
          ]
        : []),
    ],
  };
}

/** Returns what git prints, without the line end. Throws CommandError with git's own words. */
async function git(directory: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runGit(args, { cwd: directory });
  if (code === 0) return stdout.toString().replace(/\n$/, '');
  throw new CommandError('usage', `git ${args.join(' ')} in ${directory}: ${stderr.split('\n')[0]}`, {
    nextStep: 'Give the command in a working copy of the config repository.',
  });
}
