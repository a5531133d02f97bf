import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createProgramStarter, type ProgramStarter } from '../../local/programs/program-starter.ts';
import { createGitSources } from '../../local/services/codebuild/git-source.ts';
import { GitCheckout } from './git-checkout.ts';
import { DIRECTORY, resolveBackend } from './program-runs.ts';

/** Names are bytes: from git to the apply a file keeps its name, or its name is refused, or the file is left out. */

let programs: ProgramStarter;
beforeAll(() => {
  programs = createProgramStarter();
});
afterAll(() => programs.stop());

let run: GitCheckout;
beforeEach(() => {
  run = new GitCheckout({ [`${DIRECTORY}/main.tf`]: '' });
});
afterEach(() => run.remove());

const bytes = (name: string) => Buffer.from(name, 'latin1');
const text = (name: string) => Buffer.from(name);
const below = (directory: string, name: Buffer) => Buffer.concat([Buffer.from(`${directory}/`), name]);

/** Returns all files and links below a directory with their targets or sizes, one character for each byte. */
const entriesIn = (directory: string): string[] =>
  execFileSync('find', ['.', '!', '-type', 'd', '-printf', '%P -> %l%s\\0'], {
    cwd: directory,
    encoding: 'latin1',
    maxBuffer: 64 * 1024 * 1024,
  })
    .split('\0')
    .filter((entry) => entry !== '')
    .sort();

const latin1 = (name: Buffer | string): string => Buffer.from(name).toString('latin1');
const file = (name: Buffer | string, content = 'x'): string => `${latin1(name)} -> ${content.length}`;
const link = (name: Buffer | string, target: Buffer | string): string =>
  `${latin1(name)} -> ${latin1(target)}${Buffer.byteLength(target)}`;
const MAIN = file(`${DIRECTORY}/main.tf`, '');

/** Fetches the commit as the local cloud does, plans and applies it. Returns what is in the tree in both. */
async function throughGit() {
  const commit = run.commit();
  const scratch = join(run.root, 'scratch');
  const target = join(scratch, 'src');
  mkdirSync(scratch);
  await createGitSources(join(run.root, 'kept'), programs).checkOut({
    ...{ location: run.checkout, version: commit, target, scratch },
    signal: new AbortController().signal,
  });
  const seen: string[][] = [];
  const isCommitted = (entry: string) => !/(?:^|\/)\.terraform\/|stagegate_override\.tf -> /.test(entry);
  for (const [command, step] of Object.entries(run.steps))
    run.steps[command] = (given) => {
      if (command === 'plan' || command === 'apply') seen.push(entriesIn(join(run.base, 'tree')).filter(isCommitted));
      return step(given);
    };
  const planned = await run.plan({ STAGEGATE_COMMIT: commit, CODEBUILD_SRC_DIR: target });
  const applied = planned.isSuccessful ? await run.apply({ STAGEGATE_COMMIT: commit }) : undefined;
  return { planned, applied, seen };
}

const call = (source: string) => `module "m" {\n  source = "${source}"\n}\n`;
const LONG = 'x'.repeat(255);

describe('a name', () => {
  it.each<[string, Buffer]>([
    ['a backslash', text('C:\\new.txt')],
    ['a backslash at its end', text('file\\')],
    ['a directory with backslashes', text('\\\\server\\share/..x\\y../file.txt')],
    ['a line break', text('a\nb.txt')],
    ['a dash in front', text('-rf')],
    ['two dashes in front', text('--checkpoint-action=exec=sh/file')],
    ['an @ in front', text('@file')],
    ['spaces and quotes', text(` "a" 'b' $(c) \`d\` `)],
    ['control characters', text('\x01\x1b[2J\x7f\t\r')],
    ['a byte-order mark', text('\ufefffile')],
    ['letters of other languages', text('東京/äpfel/🍎')],
    ['the character that stands for what is no text', text('\ufffd')],
    ['255 bytes', text(LONG)],
    ['a path of more than 3000 bytes', text(`${`${LONG}/`.repeat(12)}file`)],
    ['an equals sign beside foreign letters', text('é 11 path=x')],
  ])('with %s is the same in the commit, the plan and the apply', async (_, name) => {
    run.writeBytes(below(DIRECTORY, name));
    run.writeBytes(below('docs', name));
    const { planned, applied, seen } = await throughGit();
    expect(planned.result).toMatchObject({ ok: true });
    expect(applied?.result).toMatchObject({ ok: true });
    const entries = [file(below(DIRECTORY, name)), file(below('docs', name)), MAIN].sort();
    expect(seen).toEqual([entries, entries]);
  });

  it('may differ from another only in how a letter is composed, and in upper case', async () => {
    const names = ['é', 'e\u0301', 'README', 'readme'].map((name) => `${DIRECTORY}/${name}`);
    names.forEach((name, at) => {
      run.writeBytes(name, 'x'.repeat(at));
    });
    const { seen } = await throughGit();
    const entries = [...names.map((name, at) => file(name, 'x'.repeat(at))), MAIN].sort();
    expect(seen).toEqual([entries, entries]);
  });

  it('may be that of the target of a link', async () => {
    const targets = ['a\nb', 'a\\b', '..\\b', '-rf', 'é', '\ufeff', `${LONG}/x`, 'nothing:x'];
    targets.forEach((target, at) => {
      run.writeBytes(`${DIRECTORY}/${at}`, { link: target });
    });
    const { seen } = await throughGit();
    const entries = [MAIN, ...targets.map((target, at) => link(`${DIRECTORY}/${at}`, target))].sort();
    expect(seen).toEqual([entries, entries]);
  });

  it('may be one of 20,000', async () => {
    // Another name of a file is made faster than another file.
    const file = join(run.root, 'file');
    writeFileSync(file, '');
    for (let at = 0; at < 20_000; at++) {
      if (at < 100) mkdirSync(join(run.checkout, 'docs', String(at)), { recursive: true });
      linkSync(file, join(run.checkout, 'docs', String(at % 100), `${at}\n`));
    }
    // Git is no part of this: it would take most of the time.
    run.notCheckedOut = async () => ({ submodules: [], tooLong: [] });
    const { apply } = run.steps;
    let count = 0;
    run.steps.apply = (step) => {
      count = entriesIn(join(run.base, 'tree/docs')).length;
      return apply?.(step) ?? {};
    };
    expect((await run.plan()).isSuccessful).toBe(true);
    expect([(await run.apply()).isSuccessful, count]).toEqual([true, 20_000]);
  });
});

/** Names that no build can carry, and how a message shows them, to follow `"<directory>/`. */
const UNNAMABLE: readonly (readonly [string, Buffer, string])[] = [
  ['in Latin-1', bytes('caf\xe9.txt'), 'caf\\xe9.txt" has a name that is not UTF-8'],
  ['in UTF-8 that is cut', bytes('caf\xc3'), 'caf\\xc3" has a name that is not UTF-8'],
  ['in UTF-8 of half a character', bytes('\xed\xa0\x80'), '\\xed\\xa0\\x80" has a name that is not UTF-8'],
  ['in a directory in Latin-1', bytes('caf\xe9/file.txt'), 'caf\\xe9" has a name that is not UTF-8'],
  ['in Latin-1 with a line break', bytes('\xe9\n"'), '\\xe9\\x0a\\"" has a name that is not UTF-8'],
  [
    'with a line break and foreign letters',
    text('é\n20 path=x'),
    'é\\n20 path=x" has a line break beside long or foreign characters',
  ],
  [
    'with a way out in Windows',
    text('..\\x.txt'),
    '..\\\\x.txt" has a backslash or colon that Windows would take for a way out of the repository',
  ],
  [
    'with a line break, and long',
    text(`a\n${'b'.repeat(100)}`),
    `a\\n${'b'.repeat(100)}" has a line break beside long or foreign characters`,
  ],
];

const WINDOWS = 'has a backslash or colon that Windows would take for a way out of the repository';

describe('a name that no build can carry', () => {
  it.each(UNNAMABLE)('is refused in the directory that is planned: %s', async (_, name, told) => {
    run.writeBytes(below(DIRECTORY, name));
    expect((await run.planCommit()).result).toMatchObject({
      phase: 'checkout',
      message: `"${DIRECTORY}/${told}: no build can carry it to the apply; rename it`,
    });
    expect(run.commands).toEqual([]);
  });

  it.each(UNNAMABLE)('is refused in a module that is planned: %s', async (_, name, told) => {
    run.write({ [`${DIRECTORY}/modules.tf`]: call('../../../modules/m'), 'modules/m/main.tf': '' });
    run.writeBytes(below('modules/m', name));
    expect((await run.planCommit()).result).toMatchObject({
      phase: 'checkout',
      message: `"modules/m/${told}: no build can carry it to the apply; rename it`,
    });
  });

  it.each(UNNAMABLE)('keeps nobody else from planning, who does without the file: %s', async (_, name, told) => {
    for (const place of ['docs', 'apps/other/dev1', 'apps/shop/prod1']) run.writeBytes(below(place, name));
    run.writeBytes('docs/other.txt');
    const { planned, applied, seen } = await throughGit();
    expect(applied?.result).toMatchObject({ ok: true });
    const entries = [MAIN, file('docs/other.txt')];
    expect(seen).toEqual([entries, entries]);
    expect(planned.log).toContain(`"docs/${told.replace('" has', '" is left out: it has')}\n`);
  });

  it.each<[string, Buffer, string]>([
    ['to a drive', text('C:\\x'), WINDOWS],
    ['to a path on a drive', text('c:x'), WINDOWS],
    ['to a server', text('\\\\server\\share\\x'), WINDOWS],
    ['upwards in Windows', text('..\\..\\..\\..\\..\\x'), WINDOWS],
    ['in Latin-1', bytes('caf\xe9'), 'is a link to a name that is not UTF-8'],
    ['with a line break and foreign letters', text('é\nx'), 'has a line break beside long or foreign characters'],
    [
      'with a line break, and long',
      text(`${'a'.repeat(100)}\nx`),
      'has a line break beside long or foreign characters',
    ],
  ])('is refused and left out as the target of a link: %s', async (_, target, why) => {
    run.writeBytes('docs/link', { link: target });
    const { isSuccessful, log } = await run.planCommit();
    expect([isSuccessful, log.includes(`"docs/link" is left out: it ${why}\n`)]).toEqual([true, true]);
    run.writeBytes(`${DIRECTORY}/link`, { link: target });
    expect((await run.planCommit()).result).toMatchObject({
      phase: 'checkout',
      message: expect.stringContaining(`"${DIRECTORY}/link" ${why}: `),
    });
  });

  it('is one for which the path is too long, with all that is below it', async () => {
    run.writeBytes(`docs/${`${LONG}/`.repeat(15)}${'y'.repeat(150)}`);
    const { isSuccessful, log } = await run.planCommit();
    expect(isSuccessful).toBe(true);
    expect(log).toMatch(/^"docs\/x+…[xy/]+" is left out: it has a path of 3995 bytes, which is too long for builds$/m);
  });

  it.each([
    ['a name', `${'é'.repeat(128)}.txt`],
    ['the name of a directory', `${'d'.repeat(256)}/x`],
    ['a path', `${'long/'.repeat(820)}x`],
  ])('is one that no checkout can have: %s is too long for the operating system', async (_, name) => {
    run.commit();
    const content = run.git('rev-parse', `HEAD:${DIRECTORY}/main.tf`);
    const add = (path: string) => run.git('update-index', '--add', '--cacheinfo', `100644,${content},${path}`);
    add(`docs/${name}`);
    // What no directory can have is only in the index.
    run.commit = () => {
      run.git('commit', '--quiet', '-m', 'A commit');
      return run.git('rev-parse', 'HEAD');
    };
    const { planned, applied, seen } = await throughGit();
    expect([applied?.result, seen]).toEqual([expect.objectContaining({ ok: true }), [[MAIN], [MAIN]]]);
    expect(planned.log).toMatch(/^"docs\/.+" is left out: it has a name that is too long for a checkout$/m);
    add(`${DIRECTORY}/${name}`);
    expect((await run.planCommit()).result).toMatchObject({
      phase: 'checkout',
      message: expect.stringMatching(
        /^"apps\/shop\/dev1\/.+" has a name that is too long for a checkout: no build can carry it to the apply; rename it$/,
      ),
    });
  });

  it('is told fifty times at most', async () => {
    for (let at = 0; at < 60; at++) run.writeBytes(bytes(`docs/${at}\xe9`));
    const { log } = await run.planCommit();
    expect(log.match(/ is left out: it /g)).toHaveLength(50);
    expect(log).toContain('10 more are left out\n');
  });

  it.each([
    ['a line break', DIRECTORY, 'a\nb.tf', '"apps/shop/dev1/a\\nb.tf"'],
    ['a change of direction, in a module', 'modules/m', 'x\u202e.tf.json', '"modules/m/x\\u202e.tf.json"'],
    ['an invisible space', DIRECTORY, 'a\u200b_override.tf', '"apps/shop/dev1/a\\u200b_override.tf"'],
  ])('is, for configuration, one with %s: plans have it, and people are shown it', async (_, place, name, told) => {
    run.write({ [`${DIRECTORY}/modules.tf`]: call('../../../modules/m'), 'modules/m/main.tf': '' });
    run.writeBytes(`${place}/${name}`, '{}');
    expect((await run.planCommit()).result).toMatchObject({
      phase: 'checkout',
      message: `${told} has characters in its name that people would not see, and is configuration: rename it`,
    });
  });

  it('is refused after init where only the engine could tell the source of the module', async () => {
    run.write({ [`${DIRECTORY}/modules.tf`]: 'module "m" {\n  source = local.where\n}\n', 'modules/m/main.tf': '' });
    run.writeBytes(bytes('modules/m/caf\xe9'));
    run.steps.init = ({ directory }) => {
      resolveBackend(directory);
      mkdirSync(join(directory, '.terraform/modules'));
      const Modules = [{ Key: 'm', Source: '../../../modules/m', Dir: '../../../modules/m' }];
      writeFileSync(join(directory, '.terraform/modules/modules.json'), JSON.stringify({ Modules }));
      return {};
    };
    expect((await run.planCommit()).result).toMatchObject({ phase: 'checkout' });
  });
});

describe('a link to nothing', () => {
  it.each([
    ['by a name that is too long', LONG.repeat(2)],
    ['by a path that is too long', 'a/'.repeat(2040)],
    ['through a file', 'main.tf/x/../y'],
    ['in a circle', 'link/x'],
  ])('is bundled as it is: %s', async (_, target) => {
    run.writeBytes(`${DIRECTORY}/link`, { link: target });
    const { seen } = await throughGit();
    const entries = [link(`${DIRECTORY}/link`, target), MAIN];
    expect(seen).toEqual([entries, entries]);
  });

  it.each(['x.tf', 'x.tf.json', 'x.auto.tfvars'])('is refused as configuration or values: %s', async (name) => {
    run.write({ 'docs/x': '', [`${DIRECTORY}/${name}`]: { link: '../../../docs' } });
    const { result } = await run.planCommit();
    expect(result).toMatchObject({
      phase: 'checkout',
      message: expect.stringMatching(new RegExp(`^"(${DIRECTORY}/)?${name}" cannot be read: it is a link to no file$`)),
    });
  });

  it.each([`../${LONG}x`, './main.tf/x', '../x\\u0000y'])('is left to the engine as a module: %s', async (source) => {
    run.write({ [`${DIRECTORY}/modules.tf`]: call(source) });
    expect((await run.planCommit()).isSuccessful).toBe(true);
    expect(run.commands).toContain('init');
  });
});
