import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { describeModules } from '../../../buildspecs/program/modules/describe-modules.ts';
import { identifyModules } from '../../../buildspecs/program/modules/identify-modules.ts';
import { MOST_MODULE_CALLS, ModuleIdentitiesSchema } from '../../../lambdas/domain/contract/module-identities.ts';

/** Tests what is made of any list of modules. Other suites run the engine that writes it. */

const COMMIT = 'c0ffee'.repeat(7).slice(0, 40);
let tree: string;
let directory: string;
beforeEach(() => {
  tree = join(mkdtempSync(join(tmpdir(), 'stagegate-identify-')), 'tree');
  directory = join(tree, 'apps/shop/dev1');
  mkdirSync(directory, { recursive: true });
});
afterEach(() => rmSync(dirname(tree), { recursive: true, force: true }));

function write(files: Readonly<Record<string, string | { readonly link: string }>>): void {
  for (const [path, content] of Object.entries(files)) {
    const place = join(tree, path);
    mkdirSync(dirname(place), { recursive: true });
    if (typeof content === 'string') writeFileSync(place, content);
    else symlinkSync(content.link, place);
  }
}

interface Installed {
  readonly Key: string;
  readonly Dir: string;
  readonly Source?: string;
}

function install(...modules: readonly Installed[]): void {
  const all = [{ Key: '', Source: '', Dir: '.' }, ...modules.map((module) => ({ Source: './x', ...module }))];
  write({ 'apps/shop/dev1/.terraform/modules/modules.json': JSON.stringify({ Modules: all }) });
}

const identify = () => identifyModules({ tree, directory }, 'terraform');

async function modulesOf() {
  const found = await identify();
  if ('tooMany' in found) throw new Error(`there are too many: ${found.tooMany}`);
  return found.modules;
}

const identitiesOf = async () => (await modulesOf()).map(({ identity }) => identity);

describe('the identities of a configuration', () => {
  test('are none without a list of modules, and none for the root module', async () => {
    expect(await identify()).toEqual({ modules: [] });
    install();
    expect(await identify()).toEqual({ modules: [] });
  });

  test('are of calls at any depth, by their addresses', async () => {
    write({ 'modules/web/main.tf': 'a', 'modules/web/logs/main.tf': 'b', 'modules/web/logs/deep/main.tf': 'c' });
    install(
      { Key: 'web', Dir: '../../../modules/web' },
      { Key: 'web.logs', Dir: '../../../modules/web/logs' },
      { Key: 'web.logs.deep-er_1', Dir: '../../../modules/web/logs/deep' },
    );
    const modules = await modulesOf();
    expect(modules.map(({ call }) => call)).toEqual([
      'module.web',
      'module.web.module.logs',
      'module.web.module.logs.module.deep-er_1',
    ]);
    expect(new Set(modules.map(({ identity }) => identity)).size).toBe(3);
    expect(ModuleIdentitiesSchema.parse({ modules })).toEqual({ modules });
  });

  test('are equal for one content in two places, and change only with it', async () => {
    write({
      'modules/web/main.tf': 'a',
      'apps/shop/dev1/.terraform/modules/copy/web/main.tf': 'a',
      'modules/other/x': '',
    });
    install({ Key: 'web', Dir: '../../../modules/web' }, { Key: 'copy', Dir: '.terraform/modules/copy/web' });
    const [web, copy] = await identitiesOf();
    expect(web).toBe(copy);
    write({ 'modules/other/x': 'changed', 'apps/shop/dev1/main.tf': 'changed', 'README.md': 'changed' });
    expect(await identitiesOf()).toEqual([web, web]);
    write({ 'modules/web/main.tf': 'b' });
    const [changed, unchanged] = await identitiesOf();
    expect([changed === web, unchanged]).toEqual([false, web]);
  });

  test('are of the directory behind a symbolic link', async () => {
    write({
      'modules/web-2/main.tf': 'a',
      'modules/web': { link: 'web-2' },
      all: { link: 'modules' },
    });
    install(
      { Key: 'real', Dir: '../../../modules/web-2' },
      { Key: 'linked', Dir: '../../../modules/web' },
      { Key: 'twice', Dir: '../../../all/web' },
    );
    expect(new Set(await identitiesOf()).size).toBe(1);
  });

  test('are those of nothing for a directory that is empty, missing or a file', async () => {
    mkdirSync(join(tree, 'modules/empty/deeper'), { recursive: true });
    write({ 'modules/file': 'x', 'modules/some/main.tf': 'a' });
    install(...['empty', 'missing', 'file', 'some'].map((name) => ({ Key: name, Dir: `../../../modules/${name}` })));
    const [empty, missing, file, some] = await identitiesOf();
    expect([missing, file, some === empty]).toEqual([empty, empty, false]);
    expect(empty).toMatch(/^[0-9a-f]{64}$/);
  });

  test('count what lies in a directory whose own name begins with a dot', async () => {
    write({ '.modules/web/main.tf': 'a', 'modules/web/main.tf': 'a' });
    install({ Key: 'one', Dir: '../../../.modules/web' }, { Key: 'other', Dir: '../../../modules/web' });
    expect(new Set(await identitiesOf()).size).toBe(1);
  });

  test('do not count the file that Stagegate writes into the planned directory, and count others of its name', async () => {
    install({ Key: 'all', Dir: '../../..' });
    const [before] = await identitiesOf();
    write({ 'apps/shop/dev1/stagegate_override.tf': 'terraform {}' });
    expect(await identitiesOf()).toEqual([before]);
    write({ 'modules/web/stagegate_override.tf': 'terraform {}' });
    expect(await identitiesOf()).not.toEqual([before]);
  });

  test('leave out the modules of tests, which no plan runs', async () => {
    write({ 'modules/web/main.tf': 'a' });
    const Dir = '../../../modules/web';
    install(
      { Key: 'web', Dir },
      { Key: 'test.tests.main.prepare', Dir },
      { Key: 'test.tests.main.prepare.inner', Dir },
    );
    expect((await modulesOf()).map(({ call }) => call)).toEqual(['module.web']);
  });

  test('note modules that read outside, and no others', async () => {
    write({ 'modules/web/main.tf': 'locals {\n  x = path.root\n}\n', 'modules/logs/main.tf': '' });
    install({ Key: 'web', Dir: '../../../modules/web' }, { Key: 'logs', Dir: '../../../modules/logs' });
    expect((await modulesOf()).map((module) => [module.call, module.readsOutside])).toEqual([
      ['module.web', true],
      ['module.logs', undefined],
    ]);
  });

  test('of too many calls are only counted', async () => {
    const calls = (count: number) =>
      Array.from({ length: count }, (_, at) => ({ Key: `m${at}`, Dir: '../../../missing' }));
    install(...calls(MOST_MODULE_CALLS));
    expect(await modulesOf()).toHaveLength(MOST_MODULE_CALLS);
    install(...calls(MOST_MODULE_CALLS + 1));
    expect(await identify()).toEqual({ tooMany: MOST_MODULE_CALLS + 1 });
  });

  test.each([
    ['by its path', '../../../../elsewhere'],
    ['by an absolute path', '/etc'],
    ['by a link', '../../../modules/out'],
  ])('are refused where a directory lies outside of the repository: %s', async (_, Dir) => {
    mkdirSync(join(dirname(tree), 'elsewhere'));
    write({ 'modules/out': { link: '../../elsewhere' } });
    install({ Key: 'web', Dir });
    await expect(identify()).rejects.toMatchObject({
      phase: 'bundle',
      message: `the directory "${Dir}" of module.web lies outside of the repository`,
    });
  });

  test('are refused where the list of modules cannot be read', async () => {
    write({ 'apps/shop/dev1/.terraform/modules/modules.json': '{"Modules":[{"Key":1}]}' });
    await expect(identify()).rejects.toMatchObject({ phase: 'bundle' });
  });
});

describe('the commit of a module', () => {
  const source = (part: string, ref = 'v1') => `git::https://git.example.com/modules.git${part}?ref=${ref}`;
  const inPackages = (path: string) => `apps/shop/dev1/.terraform/modules/${path}`;
  const commitsOf = async () => (await modulesOf()).map(({ commit }) => commit);

  test('is that of its package, also for modules within the package', async () => {
    write({ [inPackages('web/.git/HEAD')]: `${COMMIT}\n`, [inPackages('web/modules/logs/main.tf')]: '' });
    install(
      { Key: 'web', Source: source('//modules/web'), Dir: '.terraform/modules/web/modules/web' },
      { Key: 'web.logs', Source: '../logs', Dir: '.terraform/modules/web/modules/logs' },
    );
    expect(await commitsOf()).toEqual([COMMIT, COMMIT]);
  });

  test('is known where the engine copied the package of an earlier call, without its history', async () => {
    write({ [inPackages('one/.git/HEAD')]: COMMIT, [inPackages('two/modules/logs/main.tf')]: '' });
    install(
      { Key: 'two', Source: source('//modules/logs'), Dir: '.terraform/modules/two/modules/logs' },
      { Key: 'one', Source: source('//modules/web'), Dir: '.terraform/modules/one/modules/web' },
      { Key: 'other', Source: source('//modules/web', 'v2'), Dir: '.terraform/modules/other/modules/web' },
    );
    expect(await commitsOf()).toEqual([COMMIT, COMMIT, undefined]);
  });

  test.each([
    ['a branch', { HEAD: 'ref: refs/heads/main\n', 'refs/heads/main': `${COMMIT}\n` }],
    ['a packed branch', { HEAD: 'ref: refs/heads/main\n', 'packed-refs': `# pack-refs\n${COMMIT} refs/heads/main\n` }],
  ])('is found by %s', async (_, files) => {
    write(Object.fromEntries(Object.entries(files).map(([name, text]) => [inPackages(`web/.git/${name}`), text])));
    install({ Key: 'web', Source: source(''), Dir: '.terraform/modules/web' });
    expect(await commitsOf()).toEqual([COMMIT]);
  });

  test.each<[string, string, Readonly<Record<string, string>>]>([
    ['comes from an archive, which may bring any .git', 'https://example.com/web.zip', { 'web/.git/HEAD': COMMIT }],
    ['comes from a registry', 'registry.terraform.io/a/web/aws', { 'web/.git/HEAD': COMMIT }],
    ['has no history', source(''), {}],
    ['has another history than expected', source(''), { 'web/.git/HEAD': 'ref: ../../../secret' }],
    ['names a branch out of it', source(''), { 'web/.git/HEAD': 'ref: refs/../../../x', x: COMMIT }],
    ['names what is no commit', source(''), { 'web/.git/HEAD': 'abc' }],
  ])('is unknown if the package %s', async (_, Source, files) => {
    write({ [inPackages('web/main.tf')]: '' });
    write(Object.fromEntries(Object.entries(files).map(([name, text]) => [inPackages(name), text])));
    install({ Key: 'web', Source, Dir: '.terraform/modules/web' });
    expect(await commitsOf()).toEqual([undefined]);
  });

  test('is unknown for a module of the config repository', async () => {
    write({ '.git/HEAD': COMMIT, 'modules/web/main.tf': '' });
    install({ Key: 'web', Source: '../../../modules/web', Dir: '../../../modules/web' });
    expect(await commitsOf()).toEqual([undefined]);
  });
});

describe('what a build stores', () => {
  const build = (STAGEGATE_OPERATION: 'deploy' | 'destroy', lines: string[] = []) =>
    describeModules.bind(undefined, {
      variables: { STAGEGATE_OPERATION },
      paths: { tree, directory },
      log: (line: string) => void lines.push(line),
    });

  test('is nothing where the address of a call is too long for the record', async () => {
    const lines: string[] = [];
    const names = Array.from({ length: 150 }, (_, at) => `a-long-name-of-a-module-${at}`);
    install(...names.map((_, at) => ({ Key: names.slice(0, at + 1).join('.'), Dir: '../../../missing' })));
    expect(await build('deploy', lines)('terraform')).toBeUndefined();
    expect(lines).toEqual(['the identities of the modules are not stored: the address of a call is too long']);
  });

  test('is nothing for a destruction', async () => {
    expect(await build('destroy')('terraform')).toBeUndefined();
    expect(await build('deploy')('terraform')).toBe('{"modules":[]}\n');
  });
});
