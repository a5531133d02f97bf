import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { workPaths } from '../../buildspecs/program/build/work-paths.ts';
import { packBundle, unpackBundle } from '../../buildspecs/program/bundle/plan-bundle.ts';
import { temporaryDirectory } from '../local/temporary-directory.ts';

const pathsIn = (root: string) =>
  workPaths({
    ...{ STAGEGATE_WORK: root, STAGEGATE_APPLICATION: 'shop', STAGEGATE_ENVIRONMENT: 'dev1' },
    STAGEGATE_DIRECTORY: 'apps/shop/dev1',
  });

/** A work directory after a plan, with the files given here in its tree. */
function planned(files: Readonly<Record<string, string | { link: string }>>) {
  const paths = pathsIn(temporaryDirectory());
  const write = (file: string, content: string) => {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  };
  write(paths.plan, 'the plan');
  write(paths.engine, '{}');
  write(paths.backendArguments, '');
  write(paths.generatedVariables, '{}');
  write(paths.planJson, 'secret values');
  mkdirSync(paths.tree);
  for (const [name, content] of Object.entries(files)) {
    const file = join(paths.tree, name);
    if (typeof content === 'string') write(file, content);
    else {
      mkdirSync(dirname(file), { recursive: true });
      symlinkSync(content.link, file);
    }
  }
  return paths;
}

async function unpacked(bytes: Buffer) {
  const paths = pathsIn(temporaryDirectory());
  mkdirSync(paths.base, { recursive: true });
  await unpackBundle(bytes, paths);
  return paths;
}

const namesIn = (directory: string): string[] =>
  execFileSync('find', ['.', '!', '-type', 'd', '-print0'], { cwd: directory, encoding: 'utf8' })
    .split('\0')
    .filter(Boolean)
    .map((name) => name.slice(2))
    .sort();

describe('a plan bundle', () => {
  test.each([
    ['a backslash', 'apps/shop/dev1/a\\tb.txt'],
    ['a line break', 'apps/shop/dev1/a\nb.txt'],
    ['an @ in front', '@apps/shop/@file.txt'],
    ['a dash in front', '-rf/--file.txt'],
    ['letters of other languages', 'äpfel/東京.txt'],
    ['more than a hundred characters', `${'deep/'.repeat(30)}file.txt`],
  ])('carries files whose names have %s', async (_, name) => {
    const { bytes } = await packBundle(planned({ [name]: 'content' }));
    const { tree } = await unpacked(bytes);
    expect(readFileSync(join(tree, name), 'utf8')).toBe('content');
    expect(namesIn(tree)).toEqual([name]);
  });

  test('carries the plan, what belongs to it, the tree and its modules, and nothing else', async () => {
    const { bytes } = await packBundle(
      planned({
        'apps/shop/dev1/main.tf': '',
        'apps/shop/dev1/.terraform.lock.hcl': '',
        'apps/shop/dev1/.terraform/modules/modules.json': '{}',
        'apps/shop/dev1/.terraform/modules/web/main.tf': '',
        'apps/shop/dev1/.terraform/modules/web/.git/HEAD': 'ref',
        'apps/shop/dev1/.terraform/providers/aws': 'binary',
        'apps/shop/dev1/.terraform/terraform.tfstate': '{}',
        '.git/HEAD': 'ref',
      }),
    );
    const { base } = await unpacked(bytes);
    expect(namesIn(base)).toEqual([
      'backend-arguments',
      'engine.json',
      'plan.tfplan',
      'tree/apps/shop/dev1/.terraform.lock.hcl',
      'tree/apps/shop/dev1/.terraform/modules/modules.json',
      'tree/apps/shop/dev1/.terraform/modules/web/main.tf',
      'tree/apps/shop/dev1/main.tf',
      'variables.tfvars.json',
    ]);
  });

  test('keeps links inside of the tree, and what may be executed', async () => {
    const paths = planned({
      'modules/web/shared.txt': { link: '../../shared.txt' },
      'shared.txt': 'shared',
      'run.sh': '',
    });
    chmodSync(join(paths.tree, 'run.sh'), 0o755);
    const { tree } = await unpacked((await packBundle(paths)).bytes);
    expect(readlinkSync(join(tree, 'modules/web/shared.txt'))).toBe('../../shared.txt');
    expect(readFileSync(join(tree, 'modules/web/shared.txt'), 'utf8')).toBe('shared');
    expect([lstatSync(join(tree, 'run.sh')).mode & 0o100, lstatSync(join(tree, 'shared.txt')).mode & 0o100]).toEqual([
      0o100, 0,
    ]);
  });

  test('of equal contents has equal bytes, whenever they were written', async () => {
    const files = { 'b/main.tf': 'b', 'a/main.tf': 'a', 'a/link': { link: 'main.tf' } };
    const [one, other] = [planned(files), planned(Object.fromEntries(Object.entries(files).reverse()))];
    utimesSync(join(other.tree, 'a/main.tf'), new Date(0), new Date(0));
    const [first, second] = [await packBundle(one), await packBundle(other)];
    expect(first.bytes.equals(second.bytes)).toBe(true);
    expect(first.sha256.equals(second.sha256)).toBe(true);
    const changed = await packBundle(planned({ ...files, 'b/main.tf': 'c' }));
    expect(changed.sha256.equals(first.sha256)).toBe(false);
  });

  test('made with GNU tar by earlier versions is read as well', async () => {
    const paths = planned({ 'apps/shop/dev1/main.tf': 'old' });
    const bytes = execFileSync('bash', ['-c', 'find . -type f | sort | tar -cf - -T - | gzip -n'], { cwd: paths.base });
    expect(readFileSync(join((await unpacked(bytes)).tree, 'apps/shop/dev1/main.tf'), 'utf8')).toBe('old');
  });

  test('that is none is refused', async () => {
    await expect(unpacked(Buffer.from('no archive'))).rejects.toThrow();
  });
});
