import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';

/** The source could not be fetched; the message names location and commit. */
export class SourceError extends Error {
  override readonly name = 'SourceError';
}

interface GitResult {
  readonly ok: boolean;
  readonly output: string;
  readonly problem: string;
}

function git(directory: string, signal: AbortSignal, ...parameters: string[]): Promise<GitResult> {
  const settings = ['-c', 'protocol.ext.allow=never', '-c', 'advice.detachedHead=false', '-c', 'gc.auto=0'];
  return new Promise((resolve) => {
    execFile(
      'git',
      ['-C', directory, ...settings, ...parameters],
      { signal, env: { ...process.env, GIT_TERMINAL_PROMPT: '0' }, maxBuffer: 2 ** 26 },
      (error, stdout, stderr) => {
        const lines = stderr.split('\n').filter((line) => /^(?:fatal|error):/.test(line));
        resolve({ ok: error === null, output: stdout.trim(), problem: lines.join('; ') || (error?.message ?? '') });
      },
    );
  });
}

/**
 * Checks out one commit (or branch) of a repository, with the git configuration of the person who runs the local cloud.
 * Asks for the commit alone first; servers that refuse that are asked for everything. Returns the full commit id.
 */
export async function fetchGitSource(
  location: string,
  version: string,
  target: string,
  signal: AbortSignal,
): Promise<string> {
  if (location.startsWith('-') || version.startsWith('-')) {
    throw new SourceError(`fetching "${version}" of "${location}": neither may begin with "-"`);
  }
  await mkdir(target, { recursive: true });
  await git(target, signal, 'init', '--quiet');
  let fetched = await git(target, signal, 'fetch', '--quiet', '--depth=1', '--no-tags', '--', location, version);
  let found = 'FETCH_HEAD';
  if (!fetched.ok) {
    fetched = await git(
      target,
      signal,
      'fetch',
      '--quiet',
      '--tags',
      '--',
      location,
      '+refs/heads/*:refs/remotes/origin/*',
    );
    if (!fetched.ok) throw new SourceError(`fetching "${location}": ${fetched.problem}`);
    found = version;
  }
  const resolved = await git(
    target,
    signal,
    'rev-parse',
    '--verify',
    '--quiet',
    '--end-of-options',
    `${found}^{commit}`,
  );
  if (!resolved.ok) throw new SourceError(`commit ${version} does not exist in "${location}"`);
  const checkedOut = await git(target, signal, 'checkout', '--quiet', '--force', resolved.output);
  if (!checkedOut.ok) throw new SourceError(`checking out ${version} of "${location}": ${checkedOut.problem}`);
  return resolved.output;
}
