import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { Header } from 'tar';
import { workPaths } from '../../buildspecs/program/build/work-paths.ts';
import { packBundle, unpackBundle } from '../../buildspecs/program/bundle/plan-bundle.ts';
import { packTree, removeForeignLinks, unpackTree } from '../../buildspecs/program/bundle/tree-archive.ts';
import { addedSince } from '../../buildspecs/program/bundle/tree-changes.ts';
import { temporaryDirectory } from '../local/temporary-directory.ts';

type Files = Readonly<Record<string, string | { link: string }>>;

const pathsIn = (root: string) =>
  workPaths({
    STAGEGATE_WORK: root,
    STAGEGATE_APPLICATION: 'shop',
    STAGEGATE_ENVIRONMENT: 'dev1',
    STAGEGATE_DIRECTORY: 'apps/shop/dev1',
  });

function write(directory: string, files: Files): void {
  for (const [name, content] of Object.entries(files)) {
    const file = join(directory, name);
    mkdirSync(dirname(file), { recursive: true });
    if (typeof content === 'string') writeFileSync(file, content);
    else symlinkSync(content.link, file);
  }
}

/** Makes a work directory as it is after `init`, with these files in its tree. */
function initialized(files: Files) {
  const paths = pathsIn(temporaryDirectory());
  mkdirSync(paths.tree, { recursive: true });
  writeFileSync(paths.engine, '{}');
  writeFileSync(paths.backendArguments, '');
  writeFileSync(paths.generatedVariables, '{}');
  write(paths.tree, files);
  return paths;
}

const namesIn = (directory: string): string[] =>
  execFileSync('find', ['.', '!', '-type', 'd', '-print0'], { cwd: directory, encoding: 'utf8' })
    .split('\0')
    .filter(Boolean)
    .map((name) => name.slice(2))
    .sort();

describe('the archive of the tree', () => {
  async function unpacked(files: Files) {
    const paths = pathsIn(temporaryDirectory());
    mkdirSync(paths.base, { recursive: true });
    await unpackTree((await packTree(initialized(files))).bytes, paths);
    return paths;
  }

  test.each([
    ['a backslash', 'apps/shop/dev1/a\\tb.txt'],
    ['a line break', 'apps/shop/dev1/a\nb.txt'],
    ['an @ in front', '@apps/shop/@file.txt'],
    ['a dash in front', '-rf/--file.txt'],
    ['letters of other languages', 'äpfel/東京.txt'],
    ['more than a hundred characters', `${'deep/'.repeat(30)}file.txt`],
  ])('carries files whose names have %s', async (_, name) => {
    const { tree } = await unpacked({ [name]: 'content' });
    expect(readFileSync(join(tree, name), 'utf8')).toBe('content');
    expect(namesIn(tree)).toEqual([name]);
  });

  test.each<[string, Files, string]>([
    ['the name of a file', { 'é\n20 path=engine.json': 'forged' }, 'é\\n20 path=engine.json'],
    ['the name of a directory', { 'é\n24 path=tree/main.tf': 'forged' }, 'é\\n24 path=tree/main.tf'],
    [
      'a long name',
      { [`${'deep/'.repeat(30)}x\n20 path=engine.json`]: 'forged' },
      `${'deep/'.repeat(30)}x\\n20 path=engine.json`,
    ],
    ['the target of a link', { link: { link: 'é\n20 path=engine.json' } }, 'link'],
    ['a name whose target needs a long header', { 'a\n20 path=engine.json': { link: 'é' } }, 'a\\n20 path=engine.json'],
  ])('is not made where a line in %s would be read as another path of the archive', async (_, files, told) => {
    const paths = initialized({ 'main.tf': '', ...files });
    await expect(packTree(paths)).rejects.toMatchObject({
      phase: 'bundle',
      reason: 'bundle-refused',
      message: `the repository has "${told}", which has a line break beside long or foreign characters: no archive can carry it`,
    });
  });

  test('is not made where a link of a module leads to a name that is no UTF-8', async () => {
    const paths = initialized({ 'main.tf': '' });
    symlinkSync(Buffer.from([0x61, 0xff]), join(paths.tree, 'link'));
    await expect(packTree(paths)).rejects.toMatchObject({
      reason: 'bundle-refused',
      message: 'the repository has "link", which is a link to a name that is not UTF-8: no archive can carry it',
    });
  });

  test('carries the tree and its modules with what belongs to them, and nothing else', async () => {
    const { base } = await unpacked({
      'apps/shop/dev1/main.tf': '',
      'apps/shop/dev1/.terraform.lock.hcl': '',
      'apps/shop/dev1/.terraform/modules/modules.json': '{}',
      'apps/shop/dev1/.terraform/modules/web/main.tf': '',
      'apps/shop/dev1/.terraform/modules/web/.git/HEAD': 'ref',
      'apps/shop/dev1/.terraform/providers/aws': 'binary',
      'apps/shop/dev1/.terraform/terraform.tfstate': '{}',
      '.git/HEAD': 'ref',
    });
    expect(namesIn(base)).toEqual([
      'backend-arguments',
      'engine.json',
      'tree/apps/shop/dev1/.terraform.lock.hcl',
      'tree/apps/shop/dev1/.terraform/modules/modules.json',
      'tree/apps/shop/dev1/.terraform/modules/web/main.tf',
      'tree/apps/shop/dev1/main.tf',
      'variables.tfvars.json',
    ]);
  });

  test('keeps links inside of the tree, and what may be executed', async () => {
    const files = { 'modules/web/shared.txt': { link: '../../shared.txt' }, 'shared.txt': 'shared', 'run.sh': '' };
    const paths = initialized(files);
    chmodSync(join(paths.tree, 'run.sh'), 0o755);
    const other = pathsIn(temporaryDirectory());
    mkdirSync(other.base, { recursive: true });
    await unpackTree((await packTree(paths)).bytes, other);
    expect(readlinkSync(join(other.tree, 'modules/web/shared.txt'))).toBe('../../shared.txt');
    expect(readFileSync(join(other.tree, 'modules/web/shared.txt'), 'utf8')).toBe('shared');
    const mayRun = (name: string) => (lstatSync(join(other.tree, name)).mode & 0o100) !== 0;
    expect([mayRun('run.sh'), mayRun('shared.txt')]).toEqual([true, false]);
  });

  test('has every name of a file as a file of its own', async () => {
    const paths = initialized({ 'lib/one.txt': 'text' });
    linkSync(join(paths.tree, 'lib/one.txt'), join(paths.tree, 'lib/other.txt'));
    const plain = initialized({ 'lib/one.txt': 'text', 'lib/other.txt': 'text' });
    expect((await packTree(paths)).bytes.equals((await packTree(plain)).bytes)).toBe(true);
  });

  test('has no links that lead out of the tree, which a module may bring: they are not planned with either', async () => {
    const modules = 'apps/shop/dev1/.terraform/modules';
    const foreign = {
      [`${modules}/web/examples/deep/absolute`]: { link: '/etc/hosts' },
      [`${modules}/web/examples/deep/out`]: { link: `${'../'.repeat(20)}etc` },
      [`${modules}/web/examples/deep/out-and-back`]: { link: `${'../'.repeat(9)}tree/shared.txt` },
      [`${modules}/web/examples/deep/to-nothing`]: { link: `${'../'.repeat(9)}nothing` },
      [`${modules}/web/through`]: { link: 'examples/deep/absolute' },
    };
    const own = {
      [`${modules}/web/examples/deep/shared.txt`]: { link: `${'../'.repeat(8)}shared.txt` },
      [`${modules}/web/examples/self`]: { link: '.' },
      [`${modules}/web/examples/nothing`]: { link: '../nothing' },
    };
    const paths = initialized({ 'shared.txt': 'shared', ...foreign, ...own });
    expect([...removeForeignLinks(paths)].sort()).toEqual(Object.keys(foreign).sort());
    expect(namesIn(paths.tree)).toEqual(['shared.txt', ...Object.keys(own)].sort());
    const other = pathsIn(temporaryDirectory());
    mkdirSync(other.base, { recursive: true });
    await unpackTree((await packTree(paths)).bytes, other);
    expect(namesIn(other.tree)).toEqual(namesIn(paths.tree));
  });

  test.each<[string, () => Promise<Buffer>]>([
    ['is none', async () => Buffer.from('no archive')],
    [
      'has a link that leads out',
      async () => (await packTree(initialized({ 'lib/link': { link: '/etc/hosts' } }))).bytes,
    ],
  ])('is refused where it %s', async (_, make) => {
    const paths = pathsIn(temporaryDirectory());
    mkdirSync(paths.base, { recursive: true });
    await expect(unpackTree(await make(), paths)).rejects.toMatchObject({
      name: 'PhaseError',
      phase: 'bundle',
      reason: 'bundle-refused',
      message: expect.stringMatching(/^the tree that was planned cannot be laid out \(/),
    });
  });

  test('of equal contents has equal bytes, whenever they were written', async () => {
    const files = { 'b/main.tf': 'b', 'a/main.tf': 'a', 'a/link': { link: 'main.tf' } };
    const [one, other] = [initialized(files), initialized(Object.fromEntries(Object.entries(files).reverse()))];
    utimesSync(join(other.tree, 'a/main.tf'), new Date(0), new Date(0));
    const [first, second] = [await packTree(one), await packTree(other)];
    expect(first.bytes.equals(second.bytes)).toBe(true);
    expect(first.sha256.equals(second.sha256)).toBe(true);
    const changed = await packTree(initialized({ ...files, 'b/main.tf': 'c' }));
    expect(changed.sha256.equals(first.sha256)).toBe(false);
  });
});

describe('what a plan does to the tree', () => {
  const MODULE = 'apps/shop/dev1/.terraform/modules/web';
  const COMMIT = {
    'apps/shop/dev1/main.tf': 'commit',
    [`${MODULE}/main.tf`]: '',
    'lib/app.zip': 'zip',
    'lib/link': { link: 'app.zip' },
  };

  async function planning(plan: (tree: string) => void) {
    const paths = initialized(COMMIT);
    mkdirSync(join(paths.tree, 'lib/empty'));
    const archive = await packTree(paths);
    plan(paths.tree);
    return addedSince(archive, paths);
  }

  test('is what it added: files, also in modules, and links apart from them', async () => {
    const found = await planning((tree) =>
      write(tree, {
        'build/new.zip': 'new',
        'apps/shop/dev1/.terraform/modules/web/function.zip': 'zip',
        'apps/shop/dev1/.terraform/providers/aws': 'binary',
        'build/link': { link: '/etc/passwd' },
        'build/directory-link': { link: '/etc' },
      }),
    );
    expect({ ...found, added: [...found.added].sort() }).toEqual({
      added: ['apps/shop/dev1/.terraform/modules/web/function.zip', 'build/new.zip'],
      addedLinks: expect.arrayContaining(['build/link', 'build/directory-link']),
    });
  });

  test('is nothing where it wrote what was there', async () => {
    const found = await planning((tree) => {
      writeFileSync(join(tree, 'lib/app.zip'), 'zip');
      utimesSync(join(tree, 'lib/app.zip'), new Date(0), new Date(0));
    });
    expect(found).toEqual({ added: [], addedLinks: [] });
  });

  test.each<[string, (tree: string) => void]>([
    [
      'a link',
      (tree) => {
        rmSync(join(tree, 'lib/link'));
        symlinkSync('app.zip', join(tree, 'lib/link'));
      },
    ],
    [
      'a file',
      (tree) => {
        rmSync(join(tree, 'lib/app.zip'));
        writeFileSync(join(tree, 'lib/app.zip'), 'zip', { mode: 0o600 });
      },
    ],
    [
      'a whole directory',
      (tree) => {
        renameSync(join(tree, 'lib'), join(tree, 'moved'));
        write(tree, { 'lib/app.zip': 'zip', 'lib/link': { link: 'app.zip' } });
        mkdirSync(join(tree, 'lib/empty'));
        rmSync(join(tree, 'moved'), { recursive: true });
      },
    ],
  ])('is nothing where it made %s again as it was', async (_, plan) => {
    expect(await planning(plan)).toEqual({ added: [], addedLinks: [] });
  });

  test('is a directory with nothing in it, and none with something', async () => {
    const found = await planning((tree) => {
      mkdirSync(join(tree, 'build/empty'), { recursive: true });
      mkdirSync(join(tree, 'build/full'));
      write(tree, { 'build/full/a.zip': 'a', 'lib/empty/b.zip': 'b' });
    });
    expect({ ...found, added: [...found.added].sort() }).toEqual({
      added: ['build/empty/', 'build/full/a.zip', 'lib/empty/b.zip'],
      addedLinks: [],
    });
  });

  test.each([
    'archive_files/fn.zip',
    'fn.zip',
    'deep/er/fn.zip',
    'tmp/.terraform/fn.zip',
    'modules/web/.terraform/archive_files/fn.zip',
  ])('is what it wrote to .terraform/%s, beside what the engine keeps there', async (name) => {
    const own = ['terraform.tfstate', 'environment', 'plugin_path', 'plugins/x', 'providers/registry.example.com/aws'];
    const found = await planning((tree) =>
      write(tree, {
        [`apps/shop/dev1/.terraform/${name}`]: 'zip',
        ...Object.fromEntries(own.map((path) => [`apps/shop/dev1/.terraform/${path}`, 'of the engine'])),
      }),
    );
    expect(found).toEqual({ added: [`apps/shop/dev1/.terraform/${name}`], addedLinks: [] });
  });

  test.each<[string, (tree: string) => void, string]>([
    [
      'removed a file of the commit',
      (tree) => rmSync(join(tree, 'lib/app.zip')),
      'removed "lib/app.zip", which the commit has',
    ],
    [
      'removed a link of the commit',
      (tree) => rmSync(join(tree, 'lib/link')),
      'removed "lib/link", which the commit has',
    ],
    [
      'removed a file of a module',
      (tree) => rmSync(join(tree, `${MODULE}/main.tf`)),
      `removed "${MODULE}/main.tf", which a module has`,
    ],
    [
      'changed a file of a module',
      (tree) => writeFileSync(join(tree, `${MODULE}/main.tf`), 'other'),
      `changed "${MODULE}/main.tf", which a module has`,
    ],
    [
      'removed an empty directory',
      (tree) => rmSync(join(tree, 'lib/empty'), { recursive: true }),
      'removed "lib/empty", which the commit has',
    ],
    [
      'made a file of an empty directory',
      (tree) => {
        rmSync(join(tree, 'lib/empty'), { recursive: true });
        writeFileSync(join(tree, 'lib/empty'), '');
      },
      'changed "lib/empty", which the commit has',
    ],
    [
      'made a directory of a file',
      (tree) => {
        rmSync(join(tree, 'lib/app.zip'));
        write(tree, { 'lib/app.zip/content': 'zip' });
      },
      'changed "lib/app.zip", which the commit has',
    ],
    [
      'moved a directory',
      (tree) => renameSync(join(tree, 'lib'), join(tree, 'moved')),
      'removed "lib/app.zip", "lib/empty", "lib/link", which the commit has',
    ],
    [
      'changed one file and removed another',
      (tree) => {
        rmSync(join(tree, `${MODULE}/main.tf`));
        writeFileSync(join(tree, 'lib/app.zip'), 'another');
      },
      `changed "lib/app.zip" and removed "${MODULE}/main.tf", which the commit or a module has`,
    ],
  ])('is refused where it %s', async (_, plan, told) => {
    await expect(planning(plan)).rejects.toMatchObject({
      phase: 'bundle',
      reason: 'tree-changed',
      message: `the plan ${told}: a plan may add files, and what it is applied with is the commit. Let it write to another path, or commit what it writes`,
    });
  });

  test.each<[string, (tree: string) => void]>([
    ['another link', (tree) => symlinkSync('app.zip/', join(tree, 'lib/link'))],
    ['a file in its place', (tree) => writeFileSync(join(tree, 'lib/link'), 'zip')],
  ])('is refused where it gave a link of the commit %s', async (_, plan) => {
    const planned = planning((tree) => {
      rmSync(join(tree, 'lib/link'));
      plan(tree);
    });
    await expect(planned).rejects.toMatchObject({
      reason: 'tree-changed',
      message: expect.stringContaining('the plan changed "lib/link", which the commit has'),
    });
  });

  test.each<[string, (tree: string) => void]>([
    ['another content of the same size', (tree) => writeFileSync(join(tree, 'lib/app.zip'), 'ZIP')],
    [
      'a link in its place',
      (tree) => {
        rmSync(join(tree, 'lib/app.zip'));
        symlinkSync('/etc/passwd', join(tree, 'lib/app.zip'));
      },
    ],
  ])('is refused where it gave a file of the commit %s', async (_, plan) => {
    await expect(planning(plan)).rejects.toMatchObject({
      reason: 'tree-changed',
      message: expect.stringContaining('the plan changed "lib/app.zip", which the commit has'),
    });
  });
});

/** Makes the bundle of a run, and another build that has unpacked the tree. */
async function planned(added: Files = {}) {
  const paths = initialized({ 'apps/shop/dev1/main.tf': 'commit', 'lib/link': { link: '../apps' } });
  write(paths.tree, { 'apps/shop/dev1/.terraform/modules/web/main.tf': '' });
  const tree = await packTree(paths);
  writeFileSync(paths.plan, 'the plan');
  write(paths.tree, added);
  const other = pathsIn(temporaryDirectory());
  mkdirSync(other.base, { recursive: true });
  await unpackTree(tree.bytes, other);
  return { paths, tree, other };
}

describe('a plan bundle', () => {
  test('carries the plan, whose tree it is for, and the files that the plan added', async () => {
    const files = { 'build/app.zip': 'zip', 'apps/shop/dev1/.terraform/modules/web/function.zip': 'zip' };
    const { paths, tree, other } = await planned(files);
    const { added } = await addedSince(tree, paths);
    const bundle = await packBundle(paths, tree, added);
    expect(await unpackBundle(bundle.bytes, other, tree.sha256)).toEqual(Object.keys(files).sort());
    expect(readFileSync(other.plan, 'utf8')).toBe('the plan');
    expect(namesIn(other.tree)).toEqual(namesIn(paths.tree));
    expect(namesIn(other.base).filter((name) => !name.startsWith('tree/'))).toEqual([
      'backend-arguments',
      'engine.json',
      'plan.tfplan',
      'tree.sha256',
      'variables.tfvars.json',
    ]);
  });

  test('carries a file that the plan added under two names', async () => {
    const { paths, tree, other } = await planned({ 'build/one.txt': 'text' });
    linkSync(join(paths.tree, 'build/one.txt'), join(paths.tree, 'build/other.txt'));
    const { added } = await addedSince(tree, paths);
    const bundle = await packBundle(paths, tree, added);
    expect(await unpackBundle(bundle.bytes, other, tree.sha256)).toEqual(['build/one.txt', 'build/other.txt']);
    expect(readFileSync(join(other.tree, 'build/other.txt'), 'utf8')).toBe('text');
  });

  test('is for one tree only', async () => {
    const { paths, tree, other } = await planned();
    const bundle = await packBundle(paths, { ...tree, sha256: Buffer.alloc(32) }, []);
    await expect(unpackBundle(bundle.bytes, other, tree.sha256)).rejects.toMatchObject({
      reason: 'bundle-refused',
      message: `the bundle is for the tree "${'0'.repeat(64)}", the tree of this run is ${tree.sha256.toString('hex')}`,
    });
  });

  const REFUSED_NAMES = [
    'apps/shop/dev1/evil.tf',
    'apps/shop/dev1/evil_override.tf.json',
    'evil.tofu',
    'x.auto.tfvars',
    'terraform.tfvars.json',
    'terraform.tfstate',
    'other/saved.tfplan',
    'apps/shop/dev1/.terraform.lock.hcl',
    'apps/shop/dev1/.terraform/terraform.tfstate',
    'apps/shop/dev1/.terraform/terraform.tfstate.backup',
    'apps/shop/dev1/.terraform/environment',
    'apps/shop/dev1/.TERRAFORM/Environment',
    'apps/shop/dev1/.terraform/plugin_path',
    'apps/shop/dev1/.terraform/plugins/linux_amd64/terraform-provider-x',
    'apps/shop/dev1/.terraform/providers/registry.terraform.io/x',
    'apps/shop/dev1/.terraform/modules/modules.json',
    'apps/shop/dev1/.terraform/modules/modules.json/file.txt',
    'apps/shop/dev1/.terraform/modules/new/file.txt',
    'apps/shop/dev1/.terraform/modules/file.zip',
    'apps/shop/dev1/.terraform/modules',
    'lib/.terraform',
    'apps/shop/dev1/.terraform/modules/web/.terraform/environment',
    'apps/shop/dev1/terraform.d/plugins/x',
    'lib/.git/hooks/post-checkout',
  ];

  test.each(REFUSED_NAMES)('is not made with %s, which the engine would read', async (name) => {
    const { paths, tree } = await planned();
    await expect(packBundle(paths, tree, [name])).rejects.toMatchObject({
      reason: 'bundle-refused',
      message: expect.stringContaining(`the plan left "${name}", which `),
    });
  });

  // Approvers read these names, so unusual characters must be visible.
  const UNSEEN_NAMES = [
    ['build/a\nb.zip', '"build/a\\nb.zip"'],
    ['build/a\u001b[2Kb.zip', '"build/a\\u001b[2Kb.zip"'],
    ['build/a\u009bb.zip', '"build/a\\u009bb.zip"'],
    ['build/piz.\u202efdp', '"build/piz.\\u202efdp"'],
    ['build/a\u200b.zip', '"build/a\\u200b.zip"'],
    ['build/a\u2028b', '"build/a\\u2028b"'],
    ['build/a\u{e0041}b', '"build/a\\udb40\\udc41b"'],
  ] as const;

  test.each(UNSEEN_NAMES)('is not made with %j, whose characters nobody sees', async (name, told) => {
    const { paths, tree } = await planned({ [name]: 'x' });
    const { added } = await addedSince(tree, paths);
    await expect(packBundle(paths, tree, added)).rejects.toMatchObject({
      reason: 'bundle-refused',
      message: `the plan left ${told}, which has characters in its name that people would not see, or is far too long`,
    });
  });

  test('is not made where the plan left a name that is no UTF-8', async () => {
    const { paths, tree } = await planned();
    writeFileSync(
      Buffer.concat([Buffer.from(`${paths.tree}/apps/bad-`), Buffer.from([0xff]), Buffer.from('.zip')]),
      'x',
    );
    await expect(addedSince(tree, paths)).rejects.toMatchObject({
      phase: 'bundle',
      reason: 'bundle-refused',
      message: 'the repository has "apps/bad-\\xff.zip", which has a name that is not UTF-8: no archive can carry it',
    });
  });

  test('is not made where a name that is no UTF-8 would be read as one that is there', async () => {
    const { paths, tree } = await planned({ 'bad-\uFFFD': 'x' });
    writeFileSync(Buffer.concat([Buffer.from(`${paths.tree}/bad-`), Buffer.from([0xff])]), 'x');
    await expect(addedSince(tree, paths)).rejects.toMatchObject({
      message: 'the repository has "bad-\\xff", which has a name that is not UTF-8: no archive can carry it',
    });
  });

  test('is not made where the plan left a name that is not unpacked on any system', async () => {
    const { paths, tree } = await planned({ 'build\\..\\x.zip': 'x' });
    const { added } = await addedSince(tree, paths);
    await expect(packBundle(paths, tree, added)).rejects.toMatchObject({
      reason: 'bundle-refused',
      message:
        'the plan left "build\\\\..\\\\x.zip", which has a backslash or colon that Windows would take for a way out of the repository',
    });
  });

  test('may have a name with the character that stands for what is no UTF-8', async () => {
    const { paths, tree } = await planned({ 'build/\uFFFD.zip': 'x' });
    expect((await addedSince(tree, paths)).added).toEqual(['build/\uFFFD.zip']);
  });

  /** Makes an archive as no usual program would make it. */
  function crafted(
    entries: readonly {
      path: string;
      type?: 'File' | 'SymbolicLink' | 'Link' | 'Directory' | 'FIFO' | 'CharacterDevice';
      linkpath?: string;
      content?: string;
      size?: number;
    }[],
  ): Buffer {
    const blocks = entries.flatMap(({ path, type = 'File', linkpath, content = '', size = content.length }) => {
      const header = new Header({ path, type, size, mode: 0o644, ...(linkpath !== undefined && { linkpath }) });
      const block = Buffer.alloc(512);
      header.encode(block, 0);
      const body = Buffer.alloc(Math.ceil(content.length / 512) * 512);
      body.write(content);
      return [block, body];
    });
    return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]));
  }

  async function refusal(make: (own: { path: string; content: string }[]) => Buffer): Promise<string> {
    const { tree, other } = await planned();
    const own = [
      { path: 'plan.tfplan', content: 'the plan' },
      { path: 'tree.sha256', content: tree.sha256.toString('hex') },
    ];
    const before = namesIn(other.base);
    const told = await unpackBundle(make(own), other, tree.sha256).then(
      () => 'it was taken',
      (error: Error) => error.message,
    );
    expect(namesIn(other.base)).toEqual(before);
    expect(readFileSync(join(other.tree, 'apps/shop/dev1/main.tf'), 'utf8')).toBe('commit');
    expect(existsSync(join(other.base, '..', 'outside'))).toBe(false);
    return told;
  }

  test.each(REFUSED_NAMES)('is refused, before anything is written, with %s', async (name) => {
    const told = await refusal((own) => crafted([...own, { path: `tree/${name}`, content: 'x' }]));
    expect(told).toContain(`the bundle has "tree/${name}", which `);
  });

  test.each(UNSEEN_NAMES)('is refused, before anything is written, with %j', async (name, told) => {
    const named = refusal((own) => crafted([...own, { path: `tree/${name}`, content: 'x' }]));
    expect(await named).toContain(`the bundle has "tree/${told.slice(1)}, which has characters`);
  });

  test.each<[string, Parameters<typeof crafted>[0][number]]>([
    ['a file of the commit', { path: 'tree/apps/shop/dev1/main.tf', content: 'evil' }],
    ['a link of the commit', { path: 'tree/lib/link', content: 'evil' }],
    ['what belongs to the tree', { path: 'backend-arguments', content: '-backend-config=key=other' }],
    ['another engine', { path: 'engine.json', content: '{}' }],
    ['a symbolic link', { path: 'tree/build/link', type: 'SymbolicLink', linkpath: '/etc' }],
    ['a hard link', { path: 'tree/build/link', type: 'Link', linkpath: 'plan.tfplan' }],
    ['a device', { path: 'tree/build/null', type: 'CharacterDevice' }],
    ['a pipe', { path: 'tree/build/pipe', type: 'FIFO' }],
    ['a directory without a slash', { path: 'tree/build', type: 'Directory' }],
    ['a directory of the commit', { path: 'tree/apps/shop/', type: 'Directory' }],
    ['a directory in the place of a file', { path: 'tree/apps/shop/dev1/main.tf/', type: 'Directory' }],
    ['a directory in the place of a link', { path: 'tree/lib/link/', type: 'Directory' }],
    ['a directory of providers', { path: 'tree/apps/shop/dev1/.terraform/providers/', type: 'Directory' }],
    ['a directory elsewhere', { path: 'before/', type: 'Directory' }],
    ['a way out', { path: 'tree/../../outside', content: 'x' }],
    ['an absolute path', { path: '/tmp/outside', content: 'x' }],
    ['the plan by another path', { path: './plan.tfplan', content: 'another plan' }],
    ['the plan twice', { path: 'plan.tfplan', content: 'another plan' }],
    ['an empty part in a path', { path: 'tree//apps/x', content: 'x' }],
  ])('is refused, before anything is written, with %s', async (_, entry) => {
    expect(await refusal((own) => crafted([...own, entry]))).toMatch(/^the bundle has ".*", which /);
  });

  test('is refused, before anything is written, with a file below a link of the commit', async () => {
    const { tree, other } = await planned();
    const bytes = crafted([
      { path: 'plan.tfplan', content: 'the plan' },
      { path: 'tree.sha256', content: tree.sha256.toString('hex') },
      { path: 'tree/lib/link/shop/file.txt', content: 'x' },
    ]);
    await expect(unpackBundle(bytes, other, tree.sha256)).rejects.toMatchObject({ reason: 'bundle-refused' });
    expect(existsSync(join(other.tree, 'apps/shop/file.txt'))).toBe(false);
  });

  test.each<[string, (own: { path: string; content: string }[]) => Buffer, string]>([
    ['no archive', () => Buffer.from('no archive'), 'is no archive'],
    ['nothing', () => Buffer.alloc(0), 'is no archive'],
    ['an archive that ends half way', (own) => crafted(own).subarray(0, 60), 'is no archive'],
    ['no plan', (own) => crafted(own.slice(1)), 'lacks plan.tfplan'],
    ['no tree', (own) => crafted(own.slice(0, 1)), 'lacks tree.sha256'],
    [
      'far more than it has bytes',
      (own) => crafted([...own, { path: 'tree/huge', size: 8 * 1024 ** 3 - 1 }]),
      'has more than 1073741824 bytes',
    ],
  ])('that is %s is refused', async (_, make, why) => {
    expect(await refusal(make)).toBe(`the bundle ${why}`);
  });
});
