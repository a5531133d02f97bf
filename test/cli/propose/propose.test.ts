import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ContentHashes } from '../../../buildspecs/program/modules/content-hashes.ts';
import { listContent } from '../../../buildspecs/program/modules/module-content.ts';
import { ModuleRepositories } from '../../../cli/propose/module-repository.ts';
import { type ProposeInput, propose } from '../../../cli/propose/propose.ts';

const CONFIG = 'https://git.example.com/acme-config.git';
let directory: string;
let root: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'propose-'));
  root = join(directory, 'config');
  mkdirSync(root);
  git('init', '--quiet', '--initial-branch=main');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function git(...args: string[]): string {
  const who = [
    '-c',
    'user.name=dev',
    '-c',
    'user.email=dev@example.com',
    '-c',
    'commit.gpgsign=false',
    '-c',
    'tag.gpgsign=false',
  ];
  return execFileSync('git', [...who, ...args], { cwd: root, encoding: 'utf8' });
}

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

function commit(...tags: string[]): void {
  git('add', '--all');
  git('commit', '--quiet', '--allow-empty', '-m', 'a change');
  for (const tag of tags) git('tag', tag);
}

const read = (path: string): string => readFileSync(join(root, path), 'utf8');
/** The identity that a build computes of a directory. */
const identityOf = (path: string): string => new ContentHashes().identityOf(listContent(join(root, path), () => false));

const MAIN = 'apps/my-app/stage1/main.tf';
const callOf = (ref: string, url = CONFIG) => `module "web" {\n  source = "git::${url}//modules/web?ref=${ref}"\n}\n`;

const input = (more: Partial<ProposeInput> = {}): ProposeInput => ({
  root,
  directory: 'apps/my-app/stage1',
  engine: 'terraform',
  from: 'dev1',
  ran: [{ call: 'module.web', source: '../../../modules/web', version: 'local', identity: identityOf('modules/web') }],
  running: undefined,
  addresses: [CONFIG],
  isWritten: true,
  ...more,
});

describe('propose', () => {
  beforeEach(() => {
    write('modules/web/main.tf', '# 1\n');
    write(MAIN, callOf('web-v1.0.0'));
    write('apps/my-app/stage1/backend.tf', 'terraform {\n  backend "s3" {}\n}\n');
    write('apps/my-app/stage1/terraform.tfvars', 'ref = "web-v1.0.0"\n');
    commit('web-v1.0.0');
    write('modules/web/main.tf', '# 2\n');
    commit('web-v1.1.0', 'db-v9.0.0');
  });

  test('writes the newest tag that has the content which ran, and nothing else', async () => {
    const { proposals, written } = await propose(input());
    expect(proposals).toMatchObject([{ call: 'module.web', verdict: 'change', now: 'web-v1.0.0', ran: 'web-v1.1.0' }]);
    expect(written).toEqual([MAIN]);
    expect(read(MAIN)).toBe(callOf('web-v1.1.0'));
    expect(git('status', '--porcelain')).toBe(` M ${MAIN}\n`);
    commit();
    expect(await propose(input())).toMatchObject({ proposals: [{ verdict: 'same' }], written: [] });
  });

  test('only shows if it is not to write, whatever is dirty', async () => {
    write(MAIN, `${callOf('web-v1.0.0')}# mine\n`);
    expect(await propose(input({ isWritten: false }))).toMatchObject({
      proposals: [{ verdict: 'change' }],
      written: [],
    });
    expect(read(MAIN)).toBe(`${callOf('web-v1.0.0')}# mine\n`);
  });

  test.each(['changed', 'staged', 'new'])('fails for a file that is %s, and writes no other', async (how) => {
    const other = 'apps/my-app/stage1/a.tf';
    if (how !== 'new') {
      write(other, callOf('web-v1.0.0').replace('"web"', '"b"'));
      commit();
    }
    write(other, `${callOf('web-v1.0.0').replace('"web"', '"b"')}# mine\n`);
    if (how === 'staged') git('add', other);
    const ran = ['web', 'b'].flatMap((name) => input().ran.map((module) => ({ ...module, call: `module.${name}` })));
    await expect(propose(input({ ran }))).rejects.toThrow(`not committed: ${other}`);
    expect(read(MAIN)).toBe(callOf('web-v1.0.0'));
  });

  test('does not mind a dirty file that it does not touch', async () => {
    write('apps/my-app/stage1/terraform.tfvars', 'mine = 1\n');
    write('apps/my-app/stage1/backend.tf', '# mine\n');
    expect((await propose(input())).written).toEqual([MAIN]);
    expect(read('apps/my-app/stage1/terraform.tfvars')).toBe('mine = 1\n');
  });

  test('fails for a directory that is not there, a file that is a link, and a file that is no HCL', async () => {
    await expect(propose(input({ directory: 'apps/my-app/prod1' }))).rejects.toThrow(
      'has no directory apps/my-app/prod1',
    );
    write('apps/my-app/stage1/odd.tf', 'module "x" {\n');
    await expect(propose(input())).rejects.toThrow('apps/my-app/stage1/odd.tf:2 cannot be understood');
    rmSync(join(root, 'apps/my-app/stage1/odd.tf'));
    symlinkSync('main.tf', join(root, 'apps/my-app/stage1/linked.tf'));
    await expect(propose(input())).rejects.toThrow('linked.tf is a symbolic link');
  });

  test('fails for a directory behind a symbolic link, and writes nothing where it leads', async () => {
    const elsewhere = join(directory, 'other', 'stage1', 'main.tf');
    mkdirSync(dirname(elsewhere), { recursive: true });
    writeFileSync(elsewhere, callOf('web-v1.0.0'));
    rmSync(join(root, 'apps/my-app'), { recursive: true });
    symlinkSync('../../other', join(root, 'apps/my-app'));
    commit();
    await expect(propose(input())).rejects.toThrow('apps/my-app/stage1 is reached by a symbolic link');
    expect(readFileSync(elsewhere, 'utf8')).toBe(callOf('web-v1.0.0'));
  });

  test('goes by the place of the working copy itself, which may be behind a symbolic link', async () => {
    symlinkSync('config', join(directory, 'linked'));
    expect((await propose(input({ root: join(directory, 'linked') }))).written).toEqual([MAIN]);
  });

  test('fails for files of a repository inside of this one', async () => {
    git('rm', '-r', '--quiet', 'apps/my-app/stage1');
    write(MAIN, callOf('web-v1.0.0'));
    git('-C', 'apps/my-app/stage1', 'init', '--quiet');
    git('-C', 'apps/my-app/stage1', 'add', '--all');
    git('-C', 'apps/my-app/stage1', 'commit', '--quiet', '-m', 'inside');
    commit();
    await expect(propose(input())).rejects.toThrow('nothing was written');
    expect(read(MAIN)).toBe(callOf('web-v1.0.0'));
  });

  test('tells of a call in another module that ran in another version', async () => {
    const nested = { call: 'module.web.module.logs', source: 'acme/logs/aws', version: '1.0.0' };
    const ran = [...input().ran, { ...nested, version: '1.1.0' }];
    const { proposals } = await propose(input({ ran, running: [nested] }));
    expect(proposals[1]).toMatchObject({
      call: nested.call,
      file: null,
      verdict: 'undecided',
      now: '1.0.0',
      ran: '1.1.0',
    });
  });

  test('reads files for OpenTofu as OpenTofu does', async () => {
    write('apps/my-app/stage1/main.tofu', callOf('web-v1.0.0'));
    commit();
    expect((await propose(input({ engine: 'tofu' }))).written).toEqual(['apps/my-app/stage1/main.tofu']);
    expect(read(MAIN)).toBe(callOf('web-v1.0.0'));
  });

  test('clones the repository of a module that is another one', async () => {
    const url = `file://${join(directory, 'modules')}`;
    execFileSync('git', ['clone', '--quiet', '--bare', root, join(directory, 'modules')]);
    write(MAIN, callOf('web-v1.0.0', url));
    commit();
    expect((await propose(input())).proposals).toMatchObject([{ verdict: 'change', ran: 'web-v1.1.0' }]);
  });

  test('names the reason if a repository cannot be read, without its credentials', async () => {
    write(MAIN, callOf('web-v1.0.0', 'https://me:secret@127.0.0.1:1/none.git'));
    commit();
    const [proposal] = (await propose(input())).proposals;
    expect(proposal).toMatchObject({ verdict: 'undecided', reason: expect.stringContaining('cannot be read') });
    expect(JSON.stringify(proposal)).not.toContain('secret');
  });
});

describe('the identity of a directory at a tag', () => {
  const identityAt = async (ref: string, path: string) => {
    const repositories = new ModuleRepositories({ workingCopy: root, addresses: [CONFIG] });
    try {
      return await (await repositories.open(CONFIG)).identityAt(ref, path);
    } finally {
      repositories.close();
    }
  };

  test('is what a build computes: modes, links, hidden names, bytes, attributes', async () => {
    write('modules/web/main.tf', 'a\r\nb\n');
    write('modules/web/deep/er/run.sh', '#!/bin/sh\n');
    chmodSync(join(root, 'modules/web/deep/er/run.sh'), 0o755);
    symlinkSync('deep/er', join(root, 'modules/web/link'));
    writeFileSync(Buffer.concat([Buffer.from(`${root}/modules/web/`), Buffer.from([0x66, 0xff])]), 'odd name');
    write('modules/web/.hidden/x', 'x');
    write('modules/web/lines.txt', 'one\ntwo\n');
    write('modules/web/left-out.md', 'archives leave this out\n');
    write('modules/.gitattributes', '*.txt text eol=crlf\n*.md export-ignore\n');
    write('modules/webb/main.tf', 'another\n');
    commit('v1.0.0');
    git('rm', '--quiet', '-r', '--cached', '.');
    git('reset', '--quiet', '--hard');
    git('config', 'core.autocrlf', 'true');
    expect(read('modules/web/lines.txt')).toBe('one\r\ntwo\r\n');
    expect(await identityAt('v1.0.0', 'modules/web')).toBe(identityOf('modules/web'));
    expect(await identityAt('v1.0.0', 'modules/none')).toBeUndefined();
    expect(await identityAt('v2.0.0', 'modules/web')).toBeUndefined();
    expect(await identityAt('--help', 'modules/web')).toBeUndefined();
    expect(await identityAt('v1.0.0', '../modules/web')).toBeUndefined();
  });

  test('comes from no filter that the person has set up', async () => {
    write('modules/web/main.tf', '# 1\n');
    write('.gitattributes', '*.tf filter=own\n');
    commit('v1.0.0');
    const built = identityOf('modules/web');
    write('../own.gitconfig', '[filter "own"]\n\tsmudge = tr 1 2\n');
    const before = process.env.GIT_CONFIG_GLOBAL;
    process.env.GIT_CONFIG_GLOBAL = join(directory, 'own.gitconfig');
    try {
      expect(await identityAt('v1.0.0', 'modules/web')).toBe(built);
    } finally {
      if (before === undefined) delete process.env.GIT_CONFIG_GLOBAL;
      else process.env.GIT_CONFIG_GLOBAL = before;
    }
  });

  test('changes nothing in the working copy: no index, no file', async () => {
    write('modules/web/main.tf', '# 1\n');
    commit('v1.0.0');
    write('modules/web/main.tf', '# mine\n');
    write('staged', 'x');
    git('add', 'staged');
    const before = createHash('sha256')
      .update(readFileSync(join(root, '.git/index')))
      .digest('hex');
    expect(await identityAt('v1.0.0', 'modules/web')).not.toBe(identityOf('modules/web'));
    expect(
      createHash('sha256')
        .update(readFileSync(join(root, '.git/index')))
        .digest('hex'),
    ).toBe(before);
    expect(read('modules/web/main.tf')).toBe('# mine\n');
  });
});
