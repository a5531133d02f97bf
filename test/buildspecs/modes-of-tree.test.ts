import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Header } from 'tar';
import { pack, unpack } from '../../buildspecs/program/bundle/archive.ts';
import { copyCheckout } from '../../buildspecs/program/configuration/checkout.ts';
import { temporaryDirectory } from '../local/temporary-directory.ts';
import { planFile } from './plan-files.ts';
import { DIRECTORY, ProgramRun, resolveBackend, savePlan } from './program-runs.ts';

const usual = process.umask();
afterEach(() => void process.umask(usual));

/** Makes files with exactly these modes, in directories that only their owner may read. */
function make(directory: string, files: Readonly<Record<string, number>>): void {
  const before = process.umask(0o077);
  for (const [name, mode] of Object.entries(files)) {
    const file = join(directory, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, name);
    chmodSync(file, mode);
  }
  process.umask(before);
}

const modeOf = (path: string): string => (statSync(path).mode & 0o7777).toString(8);

/** Lists everything in a directory with type and mode, except what the engine keeps for itself. */
const listing = (directory: string): string[] =>
  execFileSync('find', ['.', '-path', '*/.terraform/terraform.tfstate', '-prune', '-o', '-printf', '%P %y %m %l\n'], {
    cwd: directory,
    encoding: 'utf8',
  })
    .split('\n')
    .filter(Boolean)
    .sort();

describe('the copy of the checkout', () => {
  test.each([0o000, 0o022, 0o077])('has the modes of git with the umask %i', (umask) => {
    const checkout = temporaryDirectory();
    make(checkout, {
      'apps/shop/dev1/main.tf': 0o600,
      'src/index.py': 0o664,
      'src/read-only.py': 0o444,
      'src/shared.py': 0o666,
      'src/run.sh': 0o700,
      'src/run-shared.sh': 0o775,
      'src/run-always.sh': 0o4755,
    });
    const tree = join(temporaryDirectory(), 'tree');
    process.umask(umask);
    copyCheckout(checkout, tree, 'apps/shop/dev1', 'abc');
    const names = ['index.py', 'read-only.py', 'shared.py', 'run.sh', 'run-shared.sh', 'run-always.sh'];
    expect(Object.fromEntries(names.map((name) => [name, modeOf(join(tree, 'src', name))]))).toEqual({
      'index.py': '644',
      'read-only.py': '644',
      'shared.py': '644',
      'run.sh': '755',
      'run-shared.sh': '755',
      'run-always.sh': '755',
    });
    expect(modeOf(join(tree, 'apps/shop/dev1/main.tf'))).toBe('644');
  });
});

describe('an archive', () => {
  test.each([0o000, 0o022, 0o077, 0o777])(
    'is unpacked with the modes of its files with the umask %i',
    async (umask) => {
      const directory = temporaryDirectory();
      make(directory, { 'a/plain': 0o644, 'a/run': 0o755, 'a/own': 0o600, 'a/group': 0o640, 'a/setuid': 0o4755 });
      mkdirSync(join(directory, 'a/empty'), { mode: 0o700 });
      const names = ['a/plain', 'a/run', 'a/own', 'a/group', 'a/setuid', 'a/empty'];
      const { bytes } = await pack(directory, names);
      const target = temporaryDirectory();
      process.umask(umask);
      await unpack(bytes, target);
      expect(process.umask()).toBe(umask);
      expect([...names, 'a'].map((name) => modeOf(join(target, name)))).toEqual(
        ['644', '755', '600', '640', '755', '755', '755'], // as packed; no file runs as another user
      );
    },
  );

  test('gives no file the right to run as another user or group, whatever it says', async () => {
    const block = Buffer.alloc(512);
    new Header({ path: 'setuid', type: 'File', size: 0, mode: 0o7777 }).encode(block, 0);
    const target = temporaryDirectory();
    await unpack(gzipSync(Buffer.concat([block, Buffer.alloc(1024)])), target);
    expect(modeOf(join(target, 'setuid'))).toBe('755');
  });
});

describe('the tree of an apply', () => {
  const MODULES = `${DIRECTORY}/.terraform/modules`;
  let run: ProgramRun;
  let seen: string[][];
  beforeEach(() => {
    run = new ProgramRun();
    seen = [];
  });
  afterEach(() => run.remove());

  /** Plans and applies. `init` installs modules, and `plan` writes files; both get the tree. Lists the tree twice. */
  async function through(init: (tree: string) => void, plan: (tree: string) => void = () => undefined) {
    const tree = join(run.base, 'tree');
    run.steps.init = ({ directory, arguments: given }) => {
      resolveBackend(directory);
      if (!given.includes('-lockfile=readonly')) init(tree);
      return {};
    };
    run.steps.plan = (step) => {
      plan(tree);
      seen.push(listing(tree));
      return savePlan(planFile())(step);
    };
    run.steps.apply = () => {
      seen.push(listing(tree));
      return {};
    };
    const planned = await run.plan();
    expect(planned.result).toMatchObject({ ok: true });
    expect((await run.apply()).result).toMatchObject({ ok: true });
    return seen;
  }

  test('has the modes of the tree that was planned', async () => {
    make(run.checkout, { 'src/index.py': 0o600, 'src/run.sh': 0o700 });
    const [planned, applied] = await through((tree) =>
      make(tree, {
        [`${MODULES}/git/index.py`]: 0o644,
        [`${MODULES}/git/run.sh`]: 0o755,
        [`${MODULES}/archive/own.key`]: 0o600,
        [`${MODULES}/archive/group.txt`]: 0o664,
        [`${MODULES}/archive/setuid`]: 0o4755,
      }),
    );
    expect(applied).toEqual(planned);
    expect(planned).toEqual(
      expect.arrayContaining([
        ' d 755 ',
        'src d 755 ',
        'src/index.py f 644 ',
        'src/run.sh f 755 ',
        `${MODULES} d 755 `,
        `${MODULES}/git d 755 `,
        `${MODULES}/git/index.py f 644 `,
        `${MODULES}/git/run.sh f 755 `,
        `${MODULES}/archive/own.key f 600 `,
        `${MODULES}/archive/group.txt f 644 `,
        `${MODULES}/archive/setuid f 755 `,
      ]),
    );
  });

  test.each([0o000, 0o022, 0o077])('is the same whatever the umask of its build, here %i', async (umask) => {
    run.write({ 'src/index.py': 'x', 'link.py': { link: 'src/index.py' } });
    const [planned, applied] = await through((tree) => {
      mkdirSync(join(tree, MODULES, 'web/empty/deep'), { recursive: true });
      process.umask(umask);
    });
    expect(applied).toEqual(planned);
    expect(applied).toContain(`${MODULES}/web/empty/deep d 755 `);
  });

  test('has the empty directories of modules, and those that the plan made', async () => {
    run.write({ 'src/index.py': 'x' });
    const [planned, applied] = await through(
      (tree) => mkdirSync(join(tree, MODULES, 'web/empty'), { recursive: true }),
      (tree) => {
        mkdirSync(join(tree, 'build/empty'), { recursive: true });
        writeFileSync(join(tree, MODULES, 'web/empty/fn.zip'), 'zip');
        writeFileSync(join(tree, 'src/made.sh'), '', { mode: 0o755 });
      },
    );
    expect(applied).toEqual(planned);
    expect(applied).toEqual(
      expect.arrayContaining(['build/empty d 755 ', `${MODULES}/web/empty/fn.zip f 644 `, 'src/made.sh f 755 ']),
    );
  });

  test('has nothing of a module that no apply gets: the history of git, and what engines keep', async () => {
    const [planned, applied] = await through((tree) =>
      make(tree, {
        [`${MODULES}/git/main.tf`]: 0o644,
        [`${MODULES}/git/.git/HEAD`]: 0o644,
        [`${MODULES}/git/lib/.git`]: 0o644,
        [`${MODULES}/git/lib/.gitignore`]: 0o644,
        [`${MODULES}/git/example/.terraform/environment`]: 0o644,
        [`${MODULES}/git/example/.terraform/providers/x`]: 0o644,
        [`${MODULES}/git/example/.terraform/kept`]: 0o644,
      }),
    );
    expect(applied).toEqual(planned);
    expect(planned?.filter((entry) => entry.includes(' f ') && entry.startsWith(MODULES))).toEqual(
      ['example/.terraform/kept', 'lib/.gitignore', 'main.tf'].map((name) => `${MODULES}/git/${name} f 644 `),
    );
  });

  test('is in a directory that only its own user may open, in the plan and in the apply', async () => {
    const modes: string[] = [];
    const note = () => void modes.push(modeOf(run.base));
    process.umask(0o000);
    await through(note);
    const { state } = run.steps;
    run.steps.state = (step) => {
      note();
      return state?.(step) ?? {};
    };
    run.artifacts.objects.clear();
    await through(() => undefined);
    expect(modes).toEqual(['700', '700']);
  });
});
