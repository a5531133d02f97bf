import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type ProgramStarter, runProgram } from '../../programs/program-starter.ts';

/** Thrown when the source could not be fetched; the message names location and commit. */
export class SourceError extends Error {
  override readonly name = 'SourceError';
}

export interface GitCheckout {
  readonly location: string;
  /** A commit or branch. */
  readonly version: string;
  /** Directory for the files, with a git repository that contains only this commit. */
  readonly target: string;
  /** An existing directory for temporary files; the caller removes it. */
  readonly scratch: string;
  readonly signal: AbortSignal;
}

export interface GitSources {
  /** Lays out the files of one commit. Returns the full commit id. Throws SourceError. */
  checkOut(checkout: GitCheckout): Promise<string>;
}

/**
 * The common part of the scripts that get a commit's files. They print the full commit id, and before each step a line
 * that separates the step's errors from earlier ones.
 *
 * `read-tree` with the target's own index lays files out as a checkout does (`archive` would omit some), and writes
 * nothing to a repository that several builds use. The target's repository borrows the objects and looks like a clone
 * with depth 1. A person's own settings of git count for fetching, and not for laying out: CodeBuild has none, and so no
 * filter replaces pointers of Git LFS, no line break is converted, and no submodule is filled. Names that the operating
 * system does not take are left out: one of them must not keep all others from being laid out.
 */
const COMMON = `
repository=$1 target=$2 location=$3 version=$4
git() { command git --git-dir="$repository" -c protocol.ext.allow=never -c gc.auto=0 "$@"; }
begin() { step=$1; echo "step $1" >&2; }
trap 'echo "failed $step" >&2' ERR
set -eE
create() { command git init --quiet --bare --template= "$repository"; }
fetch() {
  begin fetch
  found=refs/sources/latest
  git fetch --quiet --depth=1 --no-tags -- "$location" "+$version:$found" && return
  # Some servers refuse to give a commit alone.
  begin fetch
  git fetch --quiet --tags -- "$location" '+refs/heads/*:refs/remotes/origin/*'
  found=$version
}
resolve() { commit=$(git rev-parse --verify --quiet --end-of-options "$1^{commit}"); }
without_settings() {
  LC_ALL=C GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_COUNT=0 GIT_CONFIG_PARAMETERS= GIT_ATTR_NOSYSTEM=1 \\
    GIT_INDEX_FILE=$target/.git/index git -c core.attributesFile=/dev/null --work-tree="$target" "$@"
}
too_long() {
  local LC_ALL=C name='[^/]{200}[^/]{56}'
  while IFS= read -r -d '' path; do
    if [ "\${#path}" -gt 4095 ] || [[ $path =~ $name ]]; then printf '%s\\0' "$path"; fi
  done
}
lay_out_all() {
  without_settings read-tree --reset -u "$commit" && return
  without_settings read-tree --reset "$commit"
  without_settings ls-files -z | too_long > "$target/.git/too-long"
  [ -s "$target/.git/too-long" ]
  without_settings update-index -z --skip-worktree --stdin < "$target/.git/too-long"
  without_settings checkout-index --all --force --index
}
lay_out() {
  begin checkout
  printf '%s\\n' "$repository/objects" > "$target/.git/objects/info/alternates"
  echo "$commit" > "$target/.git/shallow"
  echo "$commit" > "$target/.git/HEAD"
  lay_out_all
  echo "$commit"
}
`;

/** Fetches into the build's own repository. */
const ALONE = `${COMMON}
begin fetch
create
fetch
begin resolve
resolve "$found"
lay_out
`;

/** Uses the objects of the mirror, and fetches missing ones into the mirror if this build may write to it. */
const FROM_MIRROR = `${COMMON}
may_write=$5 lender=$6
begin resolve
if ! resolve "$version"; then
  [ "$may_write" = yes ]
  create
  # What an other repository of this machine has needs no copy.
  [ -z "$lender" ] || { mkdir -p "$repository/objects/info" && printf '%s\\n' "$lender" > "$repository/objects/info/alternates"; }
  resolve "$version" || { fetch && resolve "$version"; }
fi
lay_out
`;

/** Directories without which git does not recognize a repository. */
const NEEDED_BY_GIT = ['.git/objects/info', '.git/refs'];

/** Returns whether the version is a full commit id. Its contents never change, so it need not be fetched again. */
const isWholeCommitId = (version: string) => /^[0-9a-f]{40}$/.test(version);

const isDirectory = (path: string) => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

/** Returns the objects directory of a location that is a directory on this machine. */
const objectsOf = (location: string) =>
  [join(location, '.git', 'objects'), join(location, 'objects')].find(isDirectory);

/**
 * Makes the git sources. They are fetched with the git configuration of the person who runs the local cloud, and their
 * objects are kept: below `directory` there is one bare repository (the mirror) for each location. If anything is wrong
 * with the mirror (a fetch was killed, a lock is left, another build is fetching into it), a build fetches into its own
 * repository, as if there were no mirror.
 */
export function createGitSources(directory: string, programs: ProgramStarter): GitSources {
  const fetching = new Set<string>();

  async function run(
    script: string,
    { location, version, target, signal }: GitCheckout,
    repository: string,
    ...more: readonly string[]
  ): Promise<string> {
    const parameters = ['-c', script, 'git-source', repository, target, location, version, ...more];
    const variables = { ...process.env, GIT_TERMINAL_PROMPT: '0' };
    const program = { command: 'bash', parameters, directory: undefined, variables };
    const { code, stdout, stderr } = await runProgram(programs, program, signal);
    if (code !== 0) throw failure(location, version, stderr);
    return stdout.trim();
  }

  async function fromMirror(checkout: GitCheckout, mirror: string, mayWrite: boolean): Promise<string | undefined> {
    const lender = objectsOf(checkout.location) ?? '';
    return run(FROM_MIRROR, checkout, mirror, mayWrite ? 'yes' : 'no', lender).catch(() => undefined);
  }

  /**
   * Checks out from the mirror, and removes a broken mirror. Only one build at a time does this: otherwise a missing
   * object could also mean that another build is still fetching it.
   */
  async function mending(checkout: GitCheckout, mirror: string, own: string): Promise<string> {
    const commit = await fromMirror(checkout, mirror, true);
    if (commit !== undefined) return commit;
    const fetched = await run(ALONE, checkout, own);
    // The origin has the commit but the mirror could not provide it, so the next build makes a new mirror.
    await rm(mirror, { recursive: true, force: true });
    return fetched;
  }

  return {
    async checkOut(checkout) {
      const { location, version, target, scratch } = checkout;
      if (location.startsWith('-') || version.startsWith('-')) {
        throw new SourceError(`fetching "${version}" of "${location}": neither may begin with "-"`);
      }
      await Promise.all(NEEDED_BY_GIT.map((needed) => mkdir(join(target, needed), { recursive: true })));
      const own = join(scratch, 'source.git');
      if (!isWholeCommitId(version)) return run(ALONE, checkout, own);
      const mirror = join(directory, `${createHash('sha256').update(location).digest('hex')}.git`);
      if (fetching.has(mirror)) return (await fromMirror(checkout, mirror, false)) ?? (await run(ALONE, checkout, own));
      fetching.add(mirror);
      return mending(checkout, mirror, own).finally(() => fetching.delete(mirror));
    },
  };
}

function failure(location: string, version: string, errorOutput: string): SourceError {
  const step = /^failed (\w+)$/m.exec(errorOutput)?.[1];
  if (step === 'resolve') return new SourceError(`commit ${version} does not exist in "${location}"`);
  const lines = errorOutput.split('\n');
  const told = lines
    .slice(lines.findLastIndex((line) => line.startsWith('step ')))
    .filter((line) => /^(?:fatal|error):/.test(line));
  const problem = told.join('; ') || 'git ended without saying why';
  const what = step === 'checkout' ? `checking out ${version} of` : 'fetching';
  return new SourceError(`${what} "${location}": ${problem}`);
}
