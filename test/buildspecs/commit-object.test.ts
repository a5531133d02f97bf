import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { PlanSuccessSchema } from '../../lambdas/domain/contract/build-result.ts';
import { readCommit } from '../../lambdas/domain/contract/commit-facts.ts';
import { aCommitObject } from '../harness/commit-object.ts';
import { ProgramRun } from './program-runs.ts';

/** The plan build passes on what git shows of the commit that it plans, or goes on without it. */

let run: ProgramRun;
let commit: string;
beforeEach(() => {
  run = new ProgramRun();
  git('init', '--quiet');
  commit = commitWith('Larger database\n\nThe old one is full.\n');
});
afterEach(() => run.remove());

const IDENTITY = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com', '-c', 'commit.gpgsign=false'];

function git(...parameters: readonly string[]): string {
  const stdio = ['ignore', 'pipe', 'pipe'] as const;
  return execFileSync('git', ['-C', run.checkout, ...IDENTITY, ...parameters], {
    encoding: 'utf8',
    stdio: [...stdio],
  }).trim();
}

function commitWith(message: string): string {
  const file = join(run.root, 'message');
  writeFileSync(file, message);
  git('commit', '--quiet', '--allow-empty', '--cleanup=verbatim', '-F', file);
  return git('rev-parse', 'HEAD');
}

/** Returns what a plan of the commit passes on about the commit. The plan must succeed, whatever that is. */
async function handedOver(more: Readonly<Record<string, string>> = {}) {
  const { result, log } = await run.plan({ STAGEGATE_COMMIT: commit, ...more });
  const { commit: object } = PlanSuccessSchema.parse(result);
  return { object, facts: readCommit(Buffer.from(object ?? '', 'base64'), commit), log };
}

const FACTS = { message: 'Larger database\n\nThe old one is full.', author: 'Ada <ada@example.com>' };
const unread = (why: string) => `message and author of commit ${commit} are not read: ${why}\n`;

/** Writes a program that leaves a trace when it is run. */
function trap(): { readonly program: string; readonly isSprung: () => boolean } {
  const [program, trace] = [join(run.root, 'trap'), join(run.root, 'trace')];
  writeFileSync(program, `#!/bin/sh\ntouch '${trace}'\n`);
  chmodSync(program, 0o755);
  return { program, isSprung: () => existsSync(trace) };
}

/** Writes a `git` that is found before the real one, and that runs this script first. */
function gitThatFirst(script: string): string {
  const directory = join(run.root, 'bin');
  mkdirSync(directory);
  const real = execFileSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim();
  writeFileSync(join(directory, 'git'), `#!/bin/sh\n${script}\nexec '${real}' "$@"\n`);
  chmodSync(join(directory, 'git'), 0o755);
  return `${directory}:/usr/bin:/bin`;
}

describe('a plan hands over its commit', () => {
  it('as git has it', async () => {
    const { facts, log } = await handedOver();
    expect(facts).toEqual(FACTS);
    expect(log).not.toContain('not read');
  });

  it('before the engine runs: what it makes of the source says nothing any more', async () => {
    const { init } = run.steps;
    run.steps.init = async (step) => {
      rmSync(join(run.checkout, '.git'), { recursive: true });
      return (await init?.(step)) ?? {};
    };
    expect((await handedOver()).facts).toEqual(FACTS);
  });

  it('although notes, a mailmap, a replacement and a graft of the repository say otherwise', async () => {
    git('notes', 'add', '-m', 'Harmless', commit);
    run.write({ '.mailmap': 'Eve <eve@example.com> <ada@example.com>\n' });
    const other = commitWith('Harmless');
    git('replace', commit, other);
    mkdirSync(join(run.checkout, '.git/info'), { recursive: true });
    writeFileSync(join(run.checkout, '.git/info/grafts'), `${commit} ${other}\n`);
    expect(git('log', '-1', '--format=%s', commit)).toBe('Harmless');
    expect((await handedOver()).facts).toEqual(FACTS);
  });

  it('and runs nothing that the settings of the repository name', async () => {
    const { program, isSprung } = trap();
    const hooks = join(run.root, 'hooks');
    mkdirSync(hooks);
    for (const name of readdirSync(join(run.checkout, '.git/hooks')))
      writeFileSync(join(hooks, name.replace('.sample', '')), `#!/bin/sh\n${program}\n`, { mode: 0o755 });
    for (const [name, value] of [
      ...['core.pager', 'core.editor', 'core.fsmonitor', 'core.sshCommand', 'core.askPass', 'pager.cat-file'].map(
        (each): [string, string] => [each, program],
      ),
      ...[['alias.cat-file', `!${program}`] as const, ['gpg.program', program] as const],
      ...[['log.showSignature', 'true'] as const, ['core.hooksPath', hooks] as const],
    ])
      git('config', name, value);
    expect([(await handedOver()).facts, isSprung()]).toEqual([FACTS, false]);
  });

  it('whoever the repository belongs to', async () => {
    const PATH = gitThatFirst('export GIT_TEST_ASSUME_DIFFERENT_OWNER=1');
    const asStranger = () =>
      execFileSync('git', ['log', '-1'], { cwd: run.checkout, env: { PATH, HOME: run.root }, stdio: 'pipe' });
    expect(asStranger).toThrow(/dubious ownership/);
    expect((await handedOver({ PATH })).facts).toEqual(FACTS);
  });

  it('and gives git none of its own variables, credentials or tickets', async () => {
    const seen = join(run.root, 'seen');
    const PATH = gitThatFirst(`env > '${seen}'`);
    await handedOver({ PATH, GIT_DIR: '/nowhere', AWS_SESSION_TOKEN: 'x' });
    const names = execFileSync('sed', ['s/=.*//', seen], { encoding: 'utf8' }).trim().split('\n');
    expect(names.filter((name) => /^(AWS|STAGEGATE|CODEBUILD)|^GIT_DIR$|^HOME$/.test(name))).toEqual([]);
  });
});

describe('a plan goes on without its commit, and says why', () => {
  it('where the source has no repository', async () => {
    rmSync(join(run.checkout, '.git'), { recursive: true });
    const { object, log } = await handedOver();
    expect([object, log.includes(unread('the source has no repository'))]).toEqual([undefined, true]);
  });

  it('where the machine has no git', async () => {
    const { object, log } = await handedOver({ PATH: join(run.root, 'nothing') });
    expect([object, log.includes(unread('git is not on this machine'))]).toEqual([undefined, true]);
  });

  it('where the repository does not have it, or is broken', async () => {
    commit = aCommitObject().id;
    expect((await handedOver()).log).toContain(unread('the repository does not have it'));
    rmSync(join(run.checkout, '.git/HEAD'));
    expect((await handedOver()).log).toContain(unread('the repository does not have it'));
  });

  it('where it would have to be fetched, which a repository may ask for', async () => {
    const { program, isSprung } = trap();
    commit = aCommitObject().id;
    git('config', 'core.repositoryFormatVersion', '1');
    git('config', 'extensions.partialClone', 'origin');
    git('config', 'remote.origin.promisor', 'true');
    git('config', 'remote.origin.url', `ext::${program}`);
    git('config', 'protocol.ext.allow', 'always');
    const { object, log } = await handedOver();
    expect([object, log.includes('are not read: '), isSprung()]).toEqual([undefined, true, false]);
  });

  it('where it is far too large', async () => {
    commit = commitWith('x'.repeat(300_000));
    expect((await handedOver()).log).toContain(unread('it is larger than 262144 bytes'));
  });

  it('where git shows something else, or ends badly', async () => {
    const other = commitWith('Another');
    const PATH = gitThatFirst(`[ -e '${run.root}/fail' ] && kill $$; set -- "$1" cat-file commit ${other}`);
    expect((await handedOver({ PATH })).log).toContain(unread('what git shows is not that commit'));
    writeFileSync(join(run.root, 'fail'), '');
    expect((await handedOver({ PATH })).log).toContain(unread('git ended with a signal'));
  });

  it('where there is no source: that is what its failure tells', async () => {
    const { result } = await run.plan({ CODEBUILD_SRC_DIR: '' });
    expect(result).toMatchObject({ ok: false, phase: 'checkout' });
  });
});
