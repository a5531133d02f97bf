import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';

/** The source could not be fetched; the message names location and commit. */
export class SourceError extends Error {
  override readonly name = 'SourceError';
}

/**
 * In one process: every further one that a process as large as the local cloud starts costs it far more than git itself.
 * Asks for the commit alone first; servers that refuse that are asked for everything. Prints the full commit id, and
 * before each step a line that sets its errors apart.
 */
const SCRIPT = `
target=$1 location=$2 version=$3
git() { command git -C "$target" -c protocol.ext.allow=never -c advice.detachedHead=false -c gc.auto=0 "$@"; }
begin() { step=$1; echo "step $1" >&2; }
trap 'echo "failed $step" >&2' ERR
set -eE
begin fetch
git init --quiet
found=FETCH_HEAD
if ! git fetch --quiet --depth=1 --no-tags -- "$location" "$version"; then
  begin fetch
  git fetch --quiet --tags -- "$location" '+refs/heads/*:refs/remotes/origin/*'
  found=$version
fi
begin resolve
commit=$(git rev-parse --verify --quiet --end-of-options "$found^{commit}")
begin checkout
git checkout --quiet --force "$commit"
echo "$commit"
`;

/**
 * Checks out one commit (or branch) of a repository, with the git configuration of the person who runs the local cloud.
 * Returns the full commit id. Throws SourceError.
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
  const env = { ...process.env, GIT_TERMINAL_PROMPT: '0' };
  return new Promise((resolve, reject) => {
    execFile(
      'bash',
      ['-c', SCRIPT, 'git-source', target, location, version],
      { signal, env },
      (error, stdout, stderr) => (error ? reject(failure(location, version, stderr, error)) : resolve(stdout.trim())),
    );
  });
}

function failure(location: string, version: string, errorOutput: string, error: Error): SourceError {
  const step = /^failed (\w+)$/m.exec(errorOutput)?.[1];
  if (step === 'resolve') return new SourceError(`commit ${version} does not exist in "${location}"`);
  const lines = errorOutput.split('\n');
  const told = lines
    .slice(lines.findLastIndex((line) => line.startsWith('step ')))
    .filter((line) => /^(?:fatal|error):/.test(line));
  const problem = told.join('; ') || error.message;
  const what = step === 'checkout' ? `checking out ${version} of` : 'fetching';
  return new SourceError(`${what} "${location}": ${problem}`);
}
