import { describe, expect, test } from '@jest/globals';
import { callsIn } from '../../../cli/propose/call-file.ts';
import { decideAll } from '../../../cli/propose/decide.ts';
import type { ModuleRepository } from '../../../cli/propose/git-ref.ts';
import type { RanModule } from '../../../cli/propose/proposal.ts';
import { RepositoryError } from '../../../cli/propose/repository-error.ts';

/** A repository whose refs are in the order of their commits. `contents`: the identity of the directory `web` at each. */
function repositoryOf(contents: Readonly<Record<string, string>>, branches: readonly string[] = []): ModuleRepository {
  const refs = Object.keys(contents);
  return {
    tags: async () => refs.filter((ref) => !branches.includes(ref)),
    identityAt: async (ref, directory) => (directory === 'web' ? contents[ref] : undefined),
    isBefore: async (one, other) =>
      refs.includes(one) && refs.includes(other) ? refs.indexOf(one) < refs.indexOf(other) : undefined,
  };
}

const GIT = 'git::https://h.example/r.git//web';
const gitCall = (ref: string, name = 'web') => `module "${name}" {\n  source = "${GIT}?ref=${ref}"\n}\n`;
const ranBy = (source: string, more: Partial<RanModule> = {}): RanModule => ({
  call: 'module.web',
  source,
  version: '?',
  ...more,
});

async function decided(text: string, ran: readonly RanModule[], repository?: ModuleRepository) {
  const read = callsIn('main.tf', Buffer.from(text));
  if ('errorLine' in read) throw new Error(`line ${read.errorLine}`);
  const calls = read.calls.map((call) => ({ ...call, file: 'env/main.tf' }));
  const open = async () => {
    if (!repository) throw new RepositoryError('the repository of the module cannot be read: no network');
    return repository;
  };
  return decideAll(calls, { from: 'dev1', ran, open });
}

test('a branch that is named like a version is never written', async () => {
  const branches = ['release-1.1', 'release-1.2'];
  const repository = repositoryOf({ 'release-1.1': 'A', 'release-1.2': 'B', 'web-v1.0.0': 'A' }, branches);
  const ran = [ranBy(`${GIT}?ref=release-1.2`, { identity: 'B' })];
  expect(await decided(gitCall('release-1.1'), ran, repository)).toMatchObject([{ verdict: 'undecided' }]);
  expect(await decided(gitCall('release-1.1'), [ranBy(`${GIT}?ref=release-1.2`)], repository)).toMatchObject([
    { verdict: 'undecided', ran: 'release-1.2' },
  ]);
});

describe('a git module', () => {
  const repository = repositoryOf(
    { 'web-v1.0.0': 'A', 'web-v1.1.0': 'B', 'db-v3.0.0': 'B', 'web-v1.2.0-rc.1': 'B', odd: 'C', main: 'C' },
    ['main'],
  );

  test.each<[string, RanModule, string, object]>([
    ['an older tag', ranBy(`${GIT}?ref=web-v1.1.0`), 'web-v1.0.0', { verdict: 'change', ran: 'web-v1.1.0' }],
    ['the same tag', ranBy(`${GIT}?ref=web-v1.1.0`), 'web-v1.1.0', { verdict: 'same' }],
    ['a newer tag', ranBy(`${GIT}?ref=web-v1.0.0`), 'web-v1.1.0', { verdict: 'ahead' }],
    [
      'a tag that was moved since',
      ranBy(`${GIT}?ref=web-v1.1.0`, { identity: 'A' }),
      'web-v1.0.0',
      { verdict: 'undecided', reason: expect.stringContaining('other content now') },
    ],
    [
      'a local path: the newest release with its content',
      ranBy('../modules/web', { identity: 'B' }),
      'web-v1.0.0',
      { verdict: 'change', ran: 'web-v1.1.0' },
    ],
    [
      'a local path whose content it has',
      ranBy('../modules/web', { identity: 'B' }),
      'web-v1.1.0',
      { verdict: 'same' },
    ],
    [
      'a local path whose content has no tag',
      ranBy('../modules/web', { identity: 'D' }),
      'web-v1.0.0',
      { verdict: 'undecided', reason: 'no tag web-v* has the content that runs in dev1' },
    ],
    [
      'a local path with the content of an older tag',
      ranBy('../modules/web', { identity: 'A' }),
      'web-v1.1.0',
      { verdict: 'ahead' },
    ],
    ['a local path of unknown content', ranBy('../modules/web'), 'web-v1.0.0', { verdict: 'undecided' }],
    [
      'a branch: the newest tag with its content',
      ranBy(`${GIT}?ref=main`, { identity: 'B' }),
      'web-v1.0.0',
      { verdict: 'change', ran: 'web-v1.1.0' },
    ],
    [
      'no ref: the newest tag with its content',
      ranBy(GIT, { identity: 'B' }),
      'web-v1.0.0',
      { verdict: 'change', ran: 'web-v1.1.0' },
    ],
    ['a tag without a version, by history', ranBy(`${GIT}?ref=odd`), 'web-v1.0.0', { verdict: 'change', ran: 'odd' }],
    ['a tag, after an older one without a version', ranBy(`${GIT}?ref=web-v1.1.0`), 'odd', { verdict: 'ahead' }],
    ['what is not in use', ranBy(`${GIT}?ref=web-v1.1.0`, { inUse: false }), 'web-v1.0.0', { verdict: 'undecided' }],
    [
      'another module of this name',
      ranBy('git::https://h.example/other.git//web?ref=web-v1.1.0'),
      'web-v1.0.0',
      { verdict: 'undecided' },
    ],
    [
      'another directory of the repository',
      ranBy('git::https://h.example/r.git//db?ref=web-v1.1.0'),
      'web-v1.0.0',
      { verdict: 'undecided' },
    ],
    [
      'the same repository in another spelling',
      ranBy('git::ssh://git@h.example/r//web?ref=web-v1.1.0'),
      'web-v1.0.0',
      { verdict: 'change' },
    ],
    [
      'a call of another name',
      ranBy(`${GIT}?ref=web-v1.1.0`, { call: 'module.blue' }),
      'web-v1.0.0',
      { verdict: 'change' },
    ],
    [
      'a nested call only',
      ranBy(`${GIT}?ref=web-v1.1.0`, { call: 'module.a.module.web' }),
      'web-v1.0.0',
      { verdict: 'undecided' },
    ],
    ['an unknown tag', ranBy(`${GIT}?ref=other-v9.0.0`), 'web-v1.0.0', { verdict: 'undecided' }],
  ])('after dev1 ran %s', async (_, ran, ref, expected) => {
    expect(await decided(gitCall(ref), [ran], repository)).toMatchObject([expected]);
  });

  test('that names a commit or branch goes on with tags of its directory, then of the repository', async () => {
    const own = repositoryOf({ '0000': 'A', 'v3.0.0': 'B', 'web-v1.0.0': 'B', 'db-v9.0.0': 'B' });
    expect(await decided(gitCall('0000'), [ranBy('./web', { identity: 'B' })], own)).toMatchObject([
      { ran: 'web-v1.0.0' },
    ]);
    const whole = repositoryOf({ '0000': 'A', 'v3.0.0': 'B', 'db-v9.0.0': 'B' });
    expect(await decided(gitCall('0000'), [ranBy('./web', { identity: 'B' })], whole)).toMatchObject([
      { ran: 'v3.0.0' },
    ]);
  });

  test('whose repository cannot be read is judged by versions of one form, and says so', async () => {
    const ran = ranBy(`${GIT}?ref=web-v1.1.0`);
    expect(await decided(gitCall('web-v1.0.0'), [ran])).toMatchObject([
      { verdict: 'change', reason: expect.stringContaining('no network') },
    ]);
    expect(await decided(gitCall('v1.0.0'), [ran])).toMatchObject([{ verdict: 'undecided' }]);
    expect(await decided(gitCall('v1.0.0'), [ranBy('./web', { identity: 'A' })])).toMatchObject([
      { verdict: 'undecided' },
    ]);
  });

  test('is written only where a ref stands that can be written', async () => {
    const ran = [ranBy(`${GIT}?ref=web-v1.1.0`)];
    for (const source of [GIT, `${GIT}?ref=a&ref=b`])
      expect(await decided(`module "web" { source = "${source}" }`, ran, repository)).toMatchObject([
        { verdict: 'undecided' },
      ]);
    const odd = repositoryOf({ 'web-v1.0.0': 'A', 'a"b': 'B' });
    const proposals = await decided(gitCall('web-v1.0.0'), [ranBy(`${GIT}?ref=a"b`)], odd);
    // A quotation mark is written as a query spells it.
    expect(proposals).toMatchObject([{ verdict: 'change', edit: { text: 'a%22b' } }]);
  });
});

describe('a call', () => {
  test('that is written twice is left as it is', async () => {
    const proposals = await decided(gitCall('v1.0.0') + gitCall('v1.0.0'), [ranBy(`${GIT}?ref=v2.0.0`)]);
    expect(proposals).toMatchObject([
      { verdict: 'undecided', reason: 'the call is written 2 times: env/main.tf:1, env/main.tf:4' },
      { verdict: 'undecided' },
    ]);
  });

  test.each([
    ['source = "./web"', './web', 'same'],
    ['source = "./web"', `${GIT}?ref=v1.0.0`, 'undecided'],
    ['source = "a/b/c"', 'a/b/c', 'undecided'],
    ['source = "a/b/c"\n  version = "1.0.0"', './web', 'undecided'],
    ['source = "a/b/c"\n  version = var.x', 'a/b/c', 'undecided'],
    ['source = "a/b/c"\n  version = "1.0.0"\n  version = "2.0.0"', 'a/b/c', 'undecided'],
    ['source = var.x', 'a/b/c', 'undecided'],
    ['count = 1', 'a/b/c', 'undecided'],
    ['source = "https://h.example/web-1.0.0.zip"', 'https://h.example/web-1.1.0.zip', 'undecided'],
  ])('with %s after %s: %s', async (body, source, verdict) => {
    const ran = [ranBy(source, { version: '1.1.0', identity: 'A' })];
    const [proposal, ...more] = await decided(`module "web" {\n  ${body}\n}`, ran);
    expect(proposal).toMatchObject({ verdict, reason: expect.stringMatching(/./) });
    expect(proposal?.edit).toBeUndefined();
    expect(more).toEqual([]);
  });

  test('keeps the sign of equality of its version', async () => {
    const text = 'module "web" {\n  source = "a/b/c"\n  version = "= 1.0.0"\n}';
    const [proposal] = await decided(text, [ranBy('a/b/c', { version: '1.1.0' })]);
    const { start, end } = proposal?.edit ?? {};
    expect(text.slice(start, end)).toBe('1.0.0');
  });

  test('of a module that runs under several other names is decided if all run one version', async () => {
    const ran = (...versions: string[]) =>
      versions.map((version, at) => ranBy('a/b/c', { call: `module.m${at}`, version }));
    const text = 'module "web" {\n  source = "a/b/c"\n  version = "1.0.0"\n}';
    expect(await decided(text, ran('1.1.0', '1.1.0'))).toMatchObject([{ verdict: 'change', ran: '1.1.0' }]);
    expect(await decided(text, ran('1.1.0', '1.2.0'))).toMatchObject([{ verdict: 'undecided' }]);
  });
});
