import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { GitCheckout } from './git-checkout.ts';
import { DIRECTORY, resolveBackend } from './program-runs.ts';

/** What a checkout does not have the files of is not planned: submodules, and files that are kept by Git LFS. */

let run: GitCheckout;
beforeEach(() => {
  run = new GitCheckout({ [`${DIRECTORY}/main.tf`]: '' });
});
afterEach(() => run.remove());

const call = (source: string) => `module "m" {\n  source = "${source}"\n}\n`;
const ignoring = (...paths: readonly string[]) => ({ STAGEGATE_IGNORED_SUBMODULES: JSON.stringify(paths) });

/** Returns how a plan failed, in so far as it is told. */
async function refusal(more: Readonly<Record<string, string>> = {}) {
  const { result, log } = await run.planCommit(more);
  if (result?.ok !== false) return { log };
  const { phase, message } = result;
  return { phase, message, log };
}

const WAYS_OUT =
  'commit the files themselves, or, if no plan needs them, list the path in "ignoredSubmodules" of the application';

describe('a submodule', () => {
  it.each([
    ['that nothing uses', 'vendor/tools'],
    ['in a directory below apps that is of no application', 'apps/_modules/vpc'],
    ["in the application's directory, of another environment", 'apps/shop/prod1/lib'],
    ['that begins as a directory of ours', `${DIRECTORY}-files`],
    ['in an application that begins as this one does', 'apps_old/x'],
  ])('%s is refused by name', async (_, path) => {
    run.submodule(path);
    expect(await refusal()).toMatchObject({
      phase: 'checkout',
      message: `"${path}" is a submodule, whose files are not fetched: ${WAYS_OUT}`,
    });
    expect(run.commands).toEqual([]);
    expect((await run.planCommit(ignoring('other', path))).isSuccessful).toBe(true);
    expect(run.log).toContain(`the submodule "${path}" is ignored`);
  });

  it('is refused with others, of which five are named', async () => {
    for (let at = 1; at <= 7; at++) run.submodule(`vendor/${at}`);
    expect((await refusal(ignoring('vendor/1'))).message).toBe(
      `"vendor/2", "vendor/3", "vendor/4", "vendor/5", "vendor/6" and 1 more are submodules, whose files are not fetched: ${WAYS_OUT}`,
    );
  });

  it('is named with its way out, however long the paths are', async () => {
    for (let at = 1; at <= 7; at++) run.submodule(`vendor/${'x'.repeat(200)}/${at}`);
    const { message } = await refusal();
    expect(message).toMatch(/^"vendor\/x+\/1" and 6 more are submodules, /);
    expect(message).toContain(WAYS_OUT);
  });

  it.each(['vendor', 'vendor/tools/', './vendor/tools', 'vendor/tools/x', 'Vendor/tools'])(
    'is not ignored by the path %s, which is not exactly its own',
    async (path) => {
      run.submodule('vendor/tools');
      // The API refuses some of these before.
      const { phase } = await refusal(ignoring(path));
      expect(phase).toBe('checkout');
    },
  );

  it.each(['apps/other/dev1/lib', 'apps/other'])('of another application is nothing to this one: %s', async (path) => {
    run.submodule(path);
    expect((await run.planCommit()).isSuccessful).toBe(true);
  });

  it('is found without .gitmodules, under any name, and quoted', async () => {
    run.submodule(Buffer.from('vendor/caf\xe9\n"x"', 'latin1'));
    expect((await refusal()).message).toBe(
      `"vendor/caf\\xe9\\x0a\\"x\\"" is a submodule, whose files are not fetched: ${WAYS_OUT}`,
    );
  });

  it.each([
    ['is the directory itself', DIRECTORY],
    ['is above it', 'apps/shop'],
    ['is far above it', 'apps'],
    ['is below it', `${DIRECTORY}/templates`],
    ['is below it, under a name that is not UTF-8', Buffer.from(`${DIRECTORY}/caf\xe9`, 'latin1')],
  ])('is refused whoever ignores it where it %s', async (_, path) => {
    rmSync(join(run.checkout, path === DIRECTORY ? DIRECTORY : 'nothing'), { recursive: true, force: true });
    if (path === 'apps' || path === 'apps/shop') rmSync(join(run.checkout, path), { recursive: true });
    run.submodule(path);
    const { phase, message } = await refusal(ignoring(path.toString()));
    expect(phase).toBe('checkout');
    expect(message).toMatch(/^".+" is a submodule, .* and "apps\/shop\/dev1" is planned: commit the files themselves/);
  });

  it.each([
    ['is the module', '../../../modules/vpc', 'modules/vpc', 'modules/vpc'],
    ['is above it', '../../../modules/aws/vpc', 'modules', 'modules/aws/vpc'],
    ['is below it', '../../../modules', 'modules/vpc', 'modules'],
    ['is in the repository, which is the module', '../../..', 'vendor/x', '.'],
    ['is in another application, from which a module is', '../../other/lib', 'apps/other/lib', 'apps/other/lib'],
  ])('is refused whoever ignores it where it %s', async (_, source, path, planned) => {
    run.write({ [`${DIRECTORY}/modules.tf`]: call(source) });
    run.submodule(path);
    expect(await refusal(ignoring(path))).toMatchObject({
      phase: 'checkout',
      message: `"${path}" is a submodule, whose files are not fetched, and "${planned}" is planned: commit the files themselves, or use a module source with "git::"`,
    });
  });

  it('is refused where a module of a module of the repository is in it, in JSON too', async () => {
    run.write({
      [`${DIRECTORY}/modules.tf`]: call('../../../modules/one'),
      'modules/one/main.tf.json': '{ "module": { "m": { "source": "../two" } } }',
      'modules/two/main.tf': call('./sub/three'),
    });
    run.submodule('modules/two/sub');
    expect((await refusal(ignoring('modules/two/sub'))).message).toContain('"modules/two/sub" is a submodule');
  });

  it('is refused where it is behind a link on the way to a module, or in a directory that is planned', async () => {
    run.write({
      [`${DIRECTORY}/modules.tf`]: call('../../../modules/current/vpc'),
      'modules/current': { link: '../vendor/modules' },
    });
    run.submodule('vendor/modules');
    expect((await refusal(ignoring('vendor/modules'))).message).toContain('"vendor/modules/vpc" is planned');
  });

  it.each([
    ['it', '../../../vendor/x', 'vendor/x'],
    ['something in it', '../../../vendor/x/files', 'vendor/x/files'],
    ['a directory with it', '../../../vendor', 'vendor'],
  ])('is refused where a link in the planned directory leads to %s', async (_, link, planned) => {
    run.write({ [`${DIRECTORY}/deep/files`]: { link: `../${link}` } });
    run.submodule('vendor/x');
    expect((await refusal(ignoring('vendor/x'))).message).toContain(`"${planned}" is planned`);
  });

  it('is ignored where links lead past it, upwards, or in a circle', async () => {
    run.write({
      [`${DIRECTORY}/up`]: { link: '../..' },
      [`${DIRECTORY}/root`]: { link: '../../..' },
      [`${DIRECTORY}/circle`]: { link: 'circle' },
      [`${DIRECTORY}/nothing`]: { link: '../nothing' },
      [`${DIRECTORY}/other`]: { link: '../../../vendored' },
      'vendored/file.txt': '',
    });
    run.submodule('vendor/x');
    expect((await run.planCommit(ignoring('vendor/x'))).isSuccessful).toBe(true);
  });

  it('is refused after init where only the engine could tell the source of the module', async () => {
    run.write({ [`${DIRECTORY}/modules.tf`]: 'module "m" {\n  source = local.where\n}\n' });
    run.submodule('modules/vpc');
    run.steps.init = ({ directory }) => {
      resolveBackend(directory);
      execFileSync('mkdir', ['-p', join(directory, '.terraform/modules')]);
      const Modules = [
        { Key: '', Source: '', Dir: '.' },
        { Key: 'm', Source: '../../../modules/vpc', Dir: '../../../modules/vpc' },
      ];
      writeFileSync(join(directory, '.terraform/modules/modules.json'), JSON.stringify({ Modules }));
      return {};
    };
    const { phase, message } = await refusal(ignoring('modules/vpc'));
    expect(phase).toBe('checkout');
    expect(message).toContain('"modules/vpc" is planned');
    expect(run.commands).toEqual(['init']);
  });

  it('does not keep anything from being destroyed, which needs no files', async () => {
    run.write({ [`${DIRECTORY}/modules.tf`]: call('../../../modules/vpc') });
    run.submodule('modules/vpc');
    const { isSuccessful, log } = await run.planCommit({ STAGEGATE_OPERATION: 'destroy' });
    expect(isSuccessful).toBe(true);
    expect(log).toContain('a destruction goes on all the same: "modules/vpc" is a submodule');
  });
});

describe('a link that leads out of the repository', () => {
  const refused = (path: string) => ({
    phase: 'checkout',
    message: `"${path}" is a symbolic link that leads out of the repository`,
  });

  it.each([
    ['is configuration of a module', 'modules/m/common.tf', '../../../common.tf'],
    ['is the module', 'modules/m', '/opt/modules/m'],
    ['is above the module', 'modules', '../modules'],
  ])('is refused where it %s: what it stands for would be planned as gone', async (_, path, link) => {
    run.write({ [`${DIRECTORY}/modules.tf`]: call('../../../modules/m'), [path]: { link } });
    if (path === 'modules/m/common.tf') run.write({ 'modules/m/main.tf': '' });
    expect(await refusal()).toMatchObject(refused(path));
    expect(run.commands).toEqual([]);
    expect((await run.planCommit({ STAGEGATE_OPERATION: 'destroy' })).log).toContain(
      `a destruction goes on all the same: "${path}" is a symbolic link`,
    );
  });

  it('is left out where no configuration is: deeper in a module, and elsewhere', async () => {
    run.write({
      [`${DIRECTORY}/modules.tf`]: call('../../../modules/m'),
      'modules/m/main.tf': '',
      'modules/m/examples/common.tf': { link: '../../../../common.tf' },
      'modules/common.tf': { link: '../../common.tf' },
      'apps/other/dev1/common.tf': { link: '/common.tf' },
    });
    const { isSuccessful, log } = await run.planCommit();
    expect([isSuccessful, log.match(/ is left out: /g)]).toEqual([true, Array(3).fill(' is left out: ')]);
  });
});

describe('a commit is not planned where it cannot be listed', () => {
  const unlisted = async (why: string, more: Readonly<Record<string, string>> = {}) => {
    const commit = run.commit();
    const { result } = await run.plan({ STAGEGATE_COMMIT: commit, ...more });
    expect(result).toMatchObject({
      phase: 'checkout',
      message: `the files of commit ${more.STAGEGATE_COMMIT ?? commit} cannot be listed: ${why}`,
    });
    expect(run.commands).toEqual([]);
  };

  it('because git is missing, or the commit', async () => {
    await unlisted('git is not on this machine', { PATH: join(run.root, 'nothing') });
    run.artifacts.objects.clear();
    await unlisted('the repository does not have it', { STAGEGATE_COMMIT: '2'.repeat(40) });
  });

  it('because one of its trees is missing, even if settings say where it could be fetched', async () => {
    const trace = join(run.root, 'trace');
    run.submodule('vendor/x');
    const commit = run.commit();
    const tree = run.git('rev-parse', `${commit}:vendor`);
    rmSync(join(run.checkout, '.git/objects', tree.slice(0, 2), tree.slice(2)));
    for (const [name, value] of [
      ['core.repositoryFormatVersion', '1'],
      ['extensions.partialClone', 'origin'],
      ['remote.origin.promisor', 'true'],
      ['remote.origin.url', `ext::touch ${trace}`],
      ['protocol.ext.allow', 'always'],
    ] as const)
      run.git('config', name, value);
    const { result } = await run.plan({ STAGEGATE_COMMIT: commit });
    expect(result).toMatchObject({ phase: 'checkout', message: expect.stringContaining('cannot be listed') });
    expect(() => execFileSync('ls', [trace], { stdio: 'ignore' })).toThrow();
  });

  it('because there is no repository', async () => {
    rmSync(join(run.checkout, '.git'), { recursive: true });
    const { result } = await run.plan();
    expect(result).toMatchObject({ message: 'the files of commit abc cannot be listed: the source has no repository' });
  });
});

describe('a pointer of Git LFS', () => {
  const POINTER = `version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 12\n`;
  const refused = (names: string) => ({
    phase: 'checkout',
    message: `${names} of Git LFS, whose files are not fetched: commit the file itself, or read it from where it is published`,
  });

  it.each([
    ['beside the configuration', `${DIRECTORY}/lambda.zip`],
    ['deep in the directory', `${DIRECTORY}/files/a/b.bin`],
    ['as configuration', `${DIRECTORY}/data.tf.json`],
    ['as configuration of a module', 'modules/fn/data.tf'],
    ['in a module of the repository', 'modules/fn/src/lambda.zip'],
  ])('is refused %s', async (_, path) => {
    run.write({ [`${DIRECTORY}/modules.tf`]: call('../../../modules/fn'), 'modules/fn/main.tf': '', [path]: POINTER });
    expect(await refusal()).toMatchObject(refused(`"${path}" is a pointer`));
  });

  it('is refused in a module of a module', async () => {
    run.write({
      [`${DIRECTORY}/modules.tf`]: call('../../../modules/fn'),
      'modules/fn/main.tf': call('../lib'),
      'modules/lib/a.bin': POINTER,
    });
    expect(await refusal()).toMatchObject(refused('"modules/lib/a.bin" is a pointer'));
  });

  it('is refused behind links in the directory', async () => {
    run.write({
      [`${DIRECTORY}/files`]: { link: '../../../shared' },
      'shared/b.bin': POINTER,
      [`${DIRECTORY}/c.bin`]: { link: '../../../elsewhere/c.bin' },
      'elsewhere/c.bin': POINTER,
    });
    expect(await refusal()).toMatchObject(refused(`"${DIRECTORY}/c.bin", "shared/b.bin" are pointers`));
  });

  it('is nothing to a plan that does not use its directory', async () => {
    run.write({ 'apps/other/dev1/x.bin': POINTER, 'apps/shop/prod1/x.bin': POINTER, 'docs/x.bin': POINTER });
    expect((await run.planCommit()).isSuccessful).toBe(true);
  });

  it('is a file that begins as one: not a text about them, a short file or an empty one', async () => {
    run.write({
      [`${DIRECTORY}/README.md`]: `A pointer is "${POINTER}"`,
      [`${DIRECTORY}/short`]: 'version https://git-lfs.github.com/spec',
      [`${DIRECTORY}/empty`]: '',
    });
    expect((await run.planCommit()).isSuccessful).toBe(true);
    run.write({ [`${DIRECTORY}/old`]: POINTER.replace('git-lfs', 'hawser') });
    expect(await refusal()).toMatchObject(refused(`"${DIRECTORY}/old" is a pointer`));
  });
});
