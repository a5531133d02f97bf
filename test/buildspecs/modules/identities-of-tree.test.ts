import { chmodSync, linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from '@jest/globals';
import { workPaths } from '../../../buildspecs/program/build/work-paths.ts';
import { packTree, removeForeignLinks, unpackTree } from '../../../buildspecs/program/bundle/tree-archive.ts';
import { identifyModules } from '../../../buildspecs/program/modules/identify-modules.ts';
import { temporaryDirectory } from '../../local/temporary-directory.ts';

/** The plan build sees the tree as `init` left it, the inspect build sees it as it comes out of an archive. */

const newPaths = () => {
  const paths = workPaths({
    STAGEGATE_WORK: temporaryDirectory(),
    STAGEGATE_APPLICATION: 'shop',
    STAGEGATE_ENVIRONMENT: 'dev1',
    STAGEGATE_DIRECTORY: 'apps/shop/dev1',
  });
  mkdirSync(paths.tree, { recursive: true });
  return paths;
};
const MANIFEST = 'apps/shop/dev1/.terraform/modules/modules.json';
const DIRECTORIES = { web: '../../../modules/web', linked: '../../../modules/linked', all: '../../..' };
const NAMES = [
  'é',
  'e\u0301',
  'CASE',
  'case',
  'blank ',
  'back\\slash',
  'line\nbreak',
  '日本'.repeat(40),
  'n'.repeat(250),
];
const MODES = [0o070, 0o100, 0o111, 0o600, 0o644, 0o755, 0o777];
const TARGETS = [
  'case',
  './case',
  'deep/',
  'deep//deep',
  '.',
  'nowhere/é',
  'x'.repeat(150),
  'back\\slash',
  '/etc/hosts',
];

test('identities are the same before and after the archive, whatever names, modes and links a module has', async () => {
  const paths = newPaths();
  const write = (name: string, content = name) => {
    mkdirSync(dirname(join(paths.tree, name)), { recursive: true });
    writeFileSync(join(paths.tree, name), content);
  };
  for (const own of [paths.engine, paths.backendArguments, paths.generatedVariables]) writeFileSync(own, '{}');
  const hidden = ['.git/HEAD', '.terraform/modules/y/main.tf', '.terraform/z', 'deep/.git', '.x'];
  for (const name of [...NAMES, ...hidden, `${'deep/'.repeat(60)}file`]) write(`modules/web/${name}`);
  for (const mode of MODES) {
    write(`modules/web/mode-${mode}`);
    chmodSync(join(paths.tree, `modules/web/mode-${mode}`), mode);
  }
  for (const [at, target] of TARGETS.entries()) symlinkSync(target, join(paths.tree, `modules/web/link-${at}`));
  linkSync(join(paths.tree, 'modules/web/case'), join(paths.tree, 'modules/web/other-name-of-case'));
  symlinkSync('web', join(paths.tree, 'modules/linked'));
  mkdirSync(join(paths.tree, 'modules/web/empty'));
  write(
    MANIFEST,
    JSON.stringify({ Modules: Object.entries(DIRECTORIES).map(([Key, Dir]) => ({ Key, Source: './x', Dir })) }),
  );

  expect(removeForeignLinks(paths)).toEqual(['modules/web/link-8']);
  const archive = await packTree(paths);
  const planned = await identifyModules(paths, 'terraform');
  const unpacked = newPaths();
  const usual = process.umask(0o077);
  await unpackTree(archive.bytes, unpacked).finally(() => process.umask(usual));
  expect(await identifyModules(unpacked, 'terraform')).toEqual(planned);
  expect('modules' in planned && planned.modules.map(({ call }) => call)).toEqual([
    'module.web',
    'module.linked',
    'module.all',
  ]);
});
