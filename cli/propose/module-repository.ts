import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ContentHashes } from '../../buildspecs/program/modules/content-hashes.ts';
import { listContent } from '../../buildspecs/program/modules/module-content.ts';
import { repositoryName } from '../../lambdas/domain/model/repository.ts';
import { withoutCredentials } from '../../lambdas/domain/plan/modules/module-source.ts';
import { askGit, runGit } from '../git/run-git.ts';
import type { ModuleRepository } from './git-ref.ts';
import { RepositoryError } from './repository-error.ts';

/**
 * Settings under which files are written as builds write them: without the line ends, filters and attributes of the
 * person at this machine.
 */
const AS_BUILDS_DO = [
  ['core.autocrlf', 'false'],
  ['core.eol', 'lf'],
  ['core.symlinks', 'true'],
  ['core.fileMode', 'true'],
  ['core.attributesFile', '/dev/null'],
  ['core.hooksPath', '/dev/null'],
  ['filter.lfs.smudge', ''],
  ['filter.lfs.process', ''],
  ['filter.lfs.required', 'false'],
].flatMap(([name, value]) => ['-c', `${name}=${value}`]);

/** Runs git for something that has to work. */
async function git(...given: Parameters<typeof runGit>): Promise<Buffer> {
  const { code, stdout, stderr } = await runGit(...given);
  if (code === 0) return stdout;
  throw new RepositoryError(`the repository of the module cannot be read: ${reasonIn(stderr)}`);
}

/** Returns what git said: its last words name the reason. */
function reasonIn(said: string): string {
  const lines = said.split('\n').filter((line) => line.trim() !== '');
  const line = lines.find((each) => /^(?:fatal|error):/.test(each)) ?? lines.at(-1) ?? 'git gave no reason';
  return withoutCredentials(line.replace(/^(?:fatal|error): /, ''));
}

/** The settings of the person and the machine do not count either: a filter of their own would run a command. */
const WITHOUT_OWN_SETTINGS = { GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null', GIT_ATTR_NOSYSTEM: '1' };

interface Props {
  /** The working copy, whose own objects are used for modules of its repository. */
  readonly workingCopy: string;
  /** Addresses of the working copy's repository. */
  readonly addresses: readonly string[];
}

/** Opens repositories of modules, each once. Other repositories than the working copy's are cloned for the time being. */
export class ModuleRepositories {
  private readonly props: Props;
  private readonly opened = new Map<string, Promise<ModuleRepository>>();
  private readonly directory = mkdtempSync(join(tmpdir(), 'stagegate-modules-'));

  constructor(props: Props) {
    this.props = props;
  }

  /** Throws RepositoryError if the repository cannot be read. */
  open(url: string): Promise<ModuleRepository> {
    const found = this.opened.get(url) ?? this.read(url);
    this.opened.set(url, found);
    return found;
  }

  private async read(url: string): Promise<ModuleRepository> {
    const scratch = join(this.directory, String(this.opened.size));
    mkdirSync(scratch);
    const name = repositoryName(url);
    const { addresses, workingCopy } = this.props;
    if (addresses.some((address) => repositoryName(address) === name)) {
      const own = await git(['rev-parse', '--absolute-git-dir'], { cwd: workingCopy });
      return new GitRepository(own.toString().trim(), scratch);
    }
    const bare = join(scratch, 'repository.git');
    await git(['clone', '--quiet', '--bare', '--', url, bare]);
    return new GitRepository(bare, scratch);
  }

  /** Removes what was cloned. */
  close(): void {
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

class GitRepository implements ModuleRepository {
  private readonly directory: string;
  private readonly scratch: string;
  /** Identities by the objects that decide about them: many tags have the same content. */
  private readonly known = new Map<string, string | undefined>();
  private named: Promise<readonly string[]> | undefined;

  constructor(directory: string, scratch: string) {
    this.directory = directory;
    this.scratch = scratch;
  }

  tags(): Promise<readonly string[]> {
    const args = ['--git-dir', this.directory, 'for-each-ref', '--format=%(refname:strip=2)', 'refs/tags'];
    this.named ??= git(args).then((names) =>
      names
        .toString()
        .split('\n')
        .filter((tag) => tag !== ''),
    );
    return this.named;
  }

  async identityAt(ref: string, directory: string): Promise<string | undefined> {
    const commit = await this.commitOf(ref);
    if (commit === undefined || directory.split('/').includes('..')) return undefined;
    const tree = await this.find(`${commit}:${directory}`);
    if (tree === undefined) return undefined;
    const key = [tree, ...(await this.attributesAbove(commit, directory))].join();
    if (!this.known.has(key)) this.known.set(key, await this.identityOf(commit, directory));
    return this.known.get(key);
  }

  async isBefore(one: string, other: string): Promise<boolean | undefined> {
    const [first, second] = [await this.commitOf(one), await this.commitOf(other)];
    if (first === undefined || second === undefined) return undefined;
    if (first === second) return false;
    return (await this.ask('merge-base', '--is-ancestor', first, second)) !== undefined;
  }

  /** Tags come first, as in a build: `?ref=` is checked out by its name. */
  private async commitOf(ref: string): Promise<string | undefined> {
    for (const name of [`refs/tags/${ref}`, `refs/remotes/origin/${ref}`, `refs/heads/${ref}`, ref]) {
      const commit = await this.find(`${name}^{commit}`);
      if (commit !== undefined) return commit;
    }
    return undefined;
  }

  /** Files that say how the files in a directory are written, from the top of the repository to the directory. */
  private async attributesAbove(commit: string, directory: string): Promise<string[]> {
    const parts = directory.split('/').filter((part) => part !== '');
    const found: string[] = [];
    for (let depth = 0; depth < parts.length; depth++) {
      const path = [...parts.slice(0, depth), '.gitattributes'].join('/');
      found.push((await this.find(`${commit}:${path}`)) ?? '');
    }
    return found;
  }

  /** Writes the directory as a checkout does, and hashes it as a build does. */
  private async identityOf(commit: string, directory: string): Promise<string | undefined> {
    const tree = mkdtempSync(join(this.scratch, 'tree-'));
    const places = { GIT_INDEX_FILE: join(this.scratch, 'index'), GIT_DIR: this.directory, GIT_WORK_TREE: tree };
    const variables = { ...WITHOUT_OWN_SETTINGS, ...places };
    try {
      const settings = [...AS_BUILDS_DO, '-c', 'core.bare=false'];
      await git([...settings, 'read-tree', commit], { cwd: tree, variables });
      const paths = directory === '' ? ['.'] : [`${directory}/`];
      const checkout = ['checkout-index', '--force', '--quiet', '-z', '--stdin'];
      const files = await git(['--literal-pathspecs', 'ls-files', '-z', '--', ...paths], { cwd: tree, variables });
      await git([...settings, ...checkout], { cwd: tree, variables, input: files });
      const place = join(tree, directory);
      if (!statSync(place, { throwIfNoEntry: false })?.isDirectory()) return undefined;
      return new ContentHashes().identityOf(listContent(place, () => false));
    } finally {
      rmSync(tree, { recursive: true, force: true });
    }
  }

  /** Returns the id of an object, if there is one of this name. */
  private find(name: string): Promise<string | undefined> {
    if (name.startsWith('-')) return Promise.resolve(undefined);
    return this.ask('rev-parse', '--verify', '--quiet', '--end-of-options', name);
  }

  private ask(...args: string[]): Promise<string | undefined> {
    return askGit(['--git-dir', this.directory, ...args]);
  }
}
