import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createProgramStarter, type ProgramStarter } from '../../../local/programs/program-starter.ts';
import { createGitSources, type GitSources } from '../../../local/services/codebuild/git-source.ts';
import { createGitRepository, type GitRepository } from './git-repository.ts';

let programs: ProgramStarter;
beforeAll(() => {
  programs = createProgramStarter();
});
afterAll(() => programs.stop());

let directory: string;
let repository: GitRepository;
let sources: GitSources;
/** URL of the repository, so that git fetches from it; git would read a plain path directly. */
let url: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'stagegate-sources-'));
  repository = createGitRepository();
  sources = createGitSources(join(directory, 'kept'), programs);
  url = `file://${repository.directory}`;
});
afterEach(() => {
  repository.remove();
  rmSync(directory, { recursive: true, force: true });
});

let builds = 0;
async function build(location: string, version: string, signal = new AbortController().signal) {
  const scratch = join(directory, `build-${++builds}`);
  const target = join(scratch, 'src');
  mkdirSync(scratch);
  const commit = await sources.checkOut({ location, version, target, scratch, signal });
  return { commit, target, file: (name: string) => readFileSync(join(target, name), 'utf8') };
}

/** Runs git in a checkout, as a program of the build would. */
const gitIn =
  (target: string) =>
  (...parameters: readonly string[]) =>
    execFileSync('git', ['-C', target, ...parameters], { encoding: 'utf8' }).trim();

const problem = (call: Promise<unknown>) => call.then(() => 'none', String);

/** Returns the permissions that remain after the umask of the person who runs the tests. */
const mode = (all: number): string => (all & ~process.umask()).toString(8);

/** Describes every entry below a directory: its kind, permissions and contents. */
function describeTree(root: string): string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((path) => !/(^|\/)\.git(\/|$)/.test(path))
    .map((path) => {
      const stats = lstatSync(join(root, path));
      if (stats.isSymbolicLink()) return `${path} -> ${readlinkSync(join(root, path))}`;
      if (stats.isDirectory()) return `${path}/`;
      return `${path} ${(stats.mode & 0o777).toString(8)} ${JSON.stringify(readFileSync(join(root, path), 'utf8'))}`;
    })
    .sort();
}

describe.each(['a directory', 'a URL'])('a source that is %s', (kind) => {
  const location = () => (kind === 'a URL' ? url : repository.directory);

  it('is laid out as a checkout lays it out', async () => {
    const attributes = '/left-out.txt export-ignore\n*.crlf text eol=crlf\n*.bin filter=lfs diff=lfs -text\n';
    writeFileSync(join(repository.directory, 'run.sh'), '#!/bin/sh\n');
    chmodSync(join(repository.directory, 'run.sh'), 0o755);
    const first = repository.commit({ 'a.txt': 'a' });
    repository.git('update-index', '--add', '--cacheinfo', `160000,${first},modules/sub`);
    const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 12\n`;
    writeFileSync(join(repository.directory, 'large.bin'), pointer);
    writeFileSync(join(repository.directory, '.gitattributes'), attributes);
    mkdirSync(join(repository.directory, 'deep/er'), { recursive: true });
    writeFileSync(join(repository.directory, 'deep/er/ü "quoted".tf'), 'x');
    writeFileSync(join(repository.directory, 'lines.crlf'), 'one\ntwo\n');
    writeFileSync(join(repository.directory, 'left-out.txt'), 'kept all the same');
    mkdirSync(join(repository.directory, 'modules/sub'), { recursive: true });
    const commit = repository.commit({ link: { link: 'deep/er' }, dangling: { link: '../nowhere' } });
    const plain = join(directory, 'plain');
    execFileSync('git', ['clone', '--quiet', repository.directory, plain]);

    const { target, ...built } = await build(location(), commit);
    expect(built.commit).toBe(commit);
    expect(describeTree(target)).toEqual(describeTree(plain));
    expect(describeTree(target)).toEqual(
      expect.arrayContaining([
        `large.bin ${mode(0o666)} ${JSON.stringify(pointer)}`,
        `left-out.txt ${mode(0o666)} "kept all the same"`,
        `lines.crlf ${mode(0o666)} ${JSON.stringify('one\r\ntwo\r\n')}`,
        'link -> deep/er',
        'modules/sub/',
        `run.sh ${mode(0o777)} ${JSON.stringify('#!/bin/sh\n')}`,
      ]),
    );
    expect(gitIn(target)('status', '--porcelain')).toBe('');
  });

  it('has names in the bytes that git has', async () => {
    const names = ['a\\b', 'a\nb', '-rf', '\ufeffbom', 'é', 'e\u0301', 'caf\xe9 in Latin-1', 'x'.repeat(255)];
    const bytes = names.map((name) => Buffer.from(name, name.includes('Latin-1') ? 'latin1' : 'utf8'));
    for (const name of bytes) writeFileSync(Buffer.concat([Buffer.from(`${repository.directory}/`), name]), 'x');
    const { target } = await build(location(), repository.commit({ 'a.txt': 'a' }));
    const found = readdirSync(target, { encoding: 'buffer' }).map((name) => name.toString('latin1'));
    const wanted = [...bytes.map((name) => name.toString('latin1')), '.git', 'a.txt'];
    expect(found.sort()).toEqual(wanted.sort());
  });

  it('is laid out without names that the operating system does not take, of files and of directories', async () => {
    const first = repository.commit({ 'a.txt': 'a' });
    const content = repository.git('rev-parse', 'HEAD:a.txt');
    for (const path of [`docs/${'é'.repeat(128)}`, `docs/${'d'.repeat(256)}/x`, `${'long/'.repeat(820)}x`, 'z.txt'])
      repository.git('update-index', '--add', '--cacheinfo', `100644,${content},${path}`);
    repository.git('update-index', '--add', '--cacheinfo', `160000,${first},sub`);
    repository.git('commit', '--quiet', '-m', 'change');
    const { target } = await build(location(), repository.git('rev-parse', 'HEAD'));
    const files = describeTree(target).filter((entry) => !entry.endsWith('/') || entry === 'sub/');
    expect(files).toEqual([`a.txt ${mode(0o666)} "a"`, 'sub/', `z.txt ${mode(0o666)} "a"`]);
    expect(gitIn(target)('status', '--porcelain')).toBe('');
  });

  it('is laid out without the settings of the person who runs the local cloud, as CodeBuild has none', async () => {
    const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 12\n`;
    const settings = join(directory, 'settings');
    const attributes = join(directory, 'attributes');
    writeFileSync(attributes, '*.txt text eol=crlf\n');
    writeFileSync(
      settings,
      `[core]\nautocrlf = true\nattributesFile = ${attributes}\n[submodule]\nrecurse = true\n[filter "lfs"]\nsmudge = sed s/^/filtered/\nrequired = true\n`,
    );
    const commit = repository.commit({ 'large.bin': pointer, 'a.txt': 'a\n', '.gitattributes': '*.bin filter=lfs\n' });
    process.env.GIT_CONFIG_GLOBAL = settings;
    try {
      const { file } = await build(location(), commit);
      expect([file('large.bin'), file('a.txt')]).toEqual([pointer, 'a\n']);
    } finally {
      delete process.env.GIT_CONFIG_GLOBAL;
    }
  });

  it('has a repository around it in which its commit is all there is', async () => {
    repository.commit({ 'a.txt': '1' }, 'first');
    repository.git('tag', 'v1');
    const commit = repository.commit({ 'a.txt': '2' }, 'second\n\nwith a body');
    const { target } = await build(location(), commit);
    const git = gitIn(target);
    expect(git('rev-parse', 'HEAD')).toBe(commit);
    expect(git('log', '--format=%H %an <%ae> %B')).toBe(`${commit} Ada <ada@example.com> second\n\nwith a body`);
    expect([git('for-each-ref'), git('remote')]).toEqual(['', '']);
    writeFileSync(join(target, 'a.txt'), 'changed');
    expect(git('status', '--porcelain')).toBe('M a.txt');
    const others = await Promise.all(['HEAD', commit].map((version) => build(location(), version)));
    for (const other of others) expect(gitIn(other.target)('status', '--porcelain')).toBe('');
  });

  it('takes nothing that a build writes into that repository', async () => {
    const commit = repository.commit({ 'a.txt': '1' });
    const git = gitIn((await build(location(), commit)).target);
    const identity = ['-c', 'user.name=Eve', '-c', 'user.email=eve@example.com', '-c', 'commit.gpgsign=false'];
    git(...identity, 'commit', '--quiet', '--allow-empty', '-m', 'made in a build');
    git('gc', '--quiet', '--prune=now');
    expect(await problem(build(location(), git('rev-parse', 'HEAD')))).toContain('does not exist in');
    expect((await build(location(), commit)).file('a.txt')).toBe('1');
  });

  it('may be named by a branch, of which every build gets the newest commit', async () => {
    repository.commit({ 'a.txt': '1' });
    expect((await build(location(), 'main')).file('a.txt')).toBe('1');
    const second = repository.commit({ 'a.txt': '2' });
    const built = await build(location(), 'main');
    expect([built.commit, built.file('a.txt')]).toEqual([second, '2']);
    expect((await build(location(), 'HEAD')).commit).toBe(second);
  });

  it('may be named by a tag, or by the first digits of a commit', async () => {
    const first = repository.commit({ 'a.txt': '1' });
    repository.git('tag', '-a', 'v1', '-m', 'version 1');
    repository.commit({ 'a.txt': '2' });
    expect((await build(location(), 'v1')).commit).toBe(first);
    expect((await build(location(), first.slice(0, 10))).commit).toBe(first);
  });

  it('may have no files', async () => {
    const commit = repository.commit({});
    expect(describeTree((await build(location(), commit)).target)).toEqual([]);
  });

  it('is fetched by builds side by side', async () => {
    const first = repository.commit({ 'a.txt': '1' });
    const second = repository.commit({ 'a.txt': '2' });
    const built = await Promise.all([first, second, first, second, 'main', first].map((at) => build(location(), at)));
    expect(built.map(({ file }) => file('a.txt'))).toEqual(['1', '2', '1', '2', '2', '1']);
  });

  it('keeps what one build fetched when another did not find it there a moment before', async () => {
    const commit = repository.commit({ 'a.txt': '1' });
    const atOnce = programs;
    const oneIsFetched = Promise.withResolvers<void>();
    // One of the two builds looks into the mirror before the other has made it, and therefore fetches for itself.
    sources = createGitSources(join(directory, 'kept'), {
      ...atOnce,
      async start(program) {
        if (program.parameters.some((parameter) => parameter.endsWith('source.git'))) await oneIsFetched.promise;
        return atOnce.start(program);
      },
    });
    const built = [build(location(), commit), build(location(), commit)];
    await Promise.race(built).finally(oneIsFetched.resolve);
    expect((await Promise.all(built)).map(({ file }) => file('a.txt'))).toEqual(['1', '1']);
    expect(readdirSync(join(directory, 'kept'))).toHaveLength(1);
  });

  it('does not have every commit', async () => {
    repository.commit({ 'a.txt': '1' });
    for (const missing of ['0123456789'.repeat(4), 'gone'])
      expect(await problem(build(location(), missing))).toBe(
        `SourceError: commit ${missing} does not exist in "${location()}"`,
      );
    expect(await problem(build(location(), '--upload-pack=touch /tmp/x'))).toContain('neither may begin with "-"');
  });

  it('is not fetched for a build that was stopped', async () => {
    const commit = repository.commit({ 'a.txt': '1' });
    expect(await problem(build(location(), commit, AbortSignal.abort()))).toContain('AbortError');
  });

  it.each([
    ['its file of settings', 'config', 'nonsense'],
    ['where it is', 'HEAD', ''],
  ])('is laid out although the repository that is kept of it has lost %s', async (_, name, content) => {
    const commit = repository.commit({ 'a.txt': '1' });
    await build(location(), commit);
    writeFileSync(join(mirror(), name), content);
    expect((await build(location(), commit)).file('a.txt')).toBe('1');
    expect((await build(location(), commit)).file('a.txt')).toBe('1');
  });
});

const mirror = () => {
  const [name = ''] = readdirSync(join(directory, 'kept'));
  return join(directory, 'kept', name);
};

describe('a commit that was fetched from a URL', () => {
  it('is not fetched again', async () => {
    const commit = repository.commit({ 'a.txt': '1' });
    await build(url, commit);
    repository.remove();
    expect((await build(url, commit)).file('a.txt')).toBe('1');
    // The next local cloud on the same files does not need it either.
    sources = createGitSources(join(directory, 'kept'), programs);
    expect((await build(url, commit)).file('a.txt')).toBe('1');
  });

  it('is there when its branch was rewritten since', async () => {
    const first = repository.commit({ 'a.txt': '1' });
    const second = repository.commit({ 'a.txt': '2' });
    await build(url, second);
    repository.git('reset', '--quiet', '--hard', first);
    repository.git('reflog', 'expire', '--expire=now', '--all');
    repository.git('gc', '--quiet', '--prune=now');
    const third = repository.commit({ 'a.txt': '3' });
    expect((await build(url, third)).file('a.txt')).toBe('3');
    expect((await build(url, second)).file('a.txt')).toBe('2');
  });

  it('is fetched again when a fetch was killed half way', async () => {
    const commit = repository.commit({ 'a.txt': '1', 'b/c.txt': '2' });
    await build(url, commit);
    // What the killed fetch left behind: the commit without its files, and a lock that blocks the next fetch.
    const blob = repository.git('rev-parse', `${commit}:b/c.txt`);
    rmSync(join(mirror(), 'objects', blob.slice(0, 2), blob.slice(2)));
    writeFileSync(join(mirror(), 'shallow.lock'), '');
    const next = repository.commit({ 'a.txt': '3' });
    for (const [at, content] of [
      [commit, '1'],
      [next, '3'],
      [commit, '1'],
    ])
      expect((await build(url, at ?? '')).file('a.txt')).toBe(content);
    repository.remove();
    expect((await build(url, commit)).file('b/c.txt')).toBe('2');
  });
});

describe('where a source is fetched from', () => {
  afterEach(() => {
    for (const name of ['GIT_CONFIG_COUNT', 'GIT_CONFIG_KEY_0', 'GIT_CONFIG_VALUE_0']) delete process.env[name];
  });

  it('is for the git configuration of the person who runs the local cloud to say', async () => {
    const commit = repository.commit({ 'a.txt': '1' });
    process.env.GIT_CONFIG_COUNT = '1';
    process.env.GIT_CONFIG_KEY_0 = `url.${url}.insteadOf`;
    process.env.GIT_CONFIG_VALUE_0 = 'https://git.example.com/acme.git';
    for (const version of [commit, 'main'])
      expect((await build('https://git.example.com/acme.git', version)).file('a.txt')).toBe('1');
  });

  it('is told when nothing is there', async () => {
    const nowhere = join(directory, 'nowhere');
    for (const version of ['0123456789'.repeat(4), 'main'])
      expect(await problem(build(nowhere, version))).toBe(
        `SourceError: fetching "${nowhere}": fatal: '${nowhere}' does not appear to be a git repository; fatal: Could not read from remote repository.`,
      );
  });
});

describe('a directory in which somebody works', () => {
  it('may be packed, and moved away and made again, between builds', async () => {
    const first = repository.commit({ 'a.txt': '1' });
    await build(repository.directory, first);
    repository.commit({ 'a.txt': '2' });
    repository.git('gc', '--quiet', '--prune=now');
    expect((await build(repository.directory, first)).file('a.txt')).toBe('1');
    rmSync(join(repository.directory, '.git'), { recursive: true });
    repository.git('init', '--quiet', '--initial-branch=main');
    const other = repository.commit({ 'a.txt': 'anew' });
    expect((await build(repository.directory, other)).file('a.txt')).toBe('anew');
  });

  it('is no source when it only lies in a repository', async () => {
    const commit = repository.commit({ 'apps/a.txt': '1' });
    expect(await problem(build(join(repository.directory, 'apps'), commit))).toContain(
      'does not appear to be a git repository',
    );
  });

  it('may be a worktree of another one', async () => {
    const commit = repository.commit({ 'a.txt': '1' });
    const worktree = join(directory, 'worktree');
    repository.git('worktree', 'add', '--quiet', '--detach', worktree);
    expect((await build(worktree, commit)).file('a.txt')).toBe('1');
  });
});
