import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { temporaryDirectory } from '../local/temporary-directory.ts';
import { planFailureOf } from './build-runs.ts';
import { planFile } from './plan-files.ts';
import { DIRECTORY, ProgramRun, savePlan } from './program-runs.ts';

/** Files that come to be while a plan is made, as archives of code do. */

const WAY_OUT =
  'but the apply runs on another machine and gets only files of the repository. Let it write below path.module or path.root, for example to "$' +
  '{path.root}/build/name.zip"';
const OF_LINKS = '. Links that a plan makes are left behind: let it write a file instead';

let run: ProgramRun;
let outside: string;
beforeEach(() => {
  run = new ProgramRun();
  outside = temporaryDirectory();
});
afterEach(() => run.remove());

function write(file: string, content = 'zip'): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

/** Lets the plan do this in the planned directory, and print values that contain these texts. */
async function planning(does: (directory: string) => void, ...named: readonly unknown[]) {
  run.steps.plan = (step) => {
    does(step.directory);
    return savePlan(planFile())(step);
  };
  run.steps.show = () => ({
    lines: [JSON.stringify({ prior_state: { values: { root_module: { resources: [{ values: { named } }] } } } })],
  });
  return (await run.plan()).result;
}

/** Applies, and returns whether the apply had this file beside its configuration. */
async function appliedWith(name: string): Promise<string | undefined> {
  let found: string | undefined;
  run.steps.apply = ({ directory }) => {
    const file = join(directory, name);
    found = existsSync(file) ? readFileSync(file, 'utf8') : undefined;
    return {};
  };
  expect((await run.apply()).result).toMatchObject({ ok: true });
  return found;
}

describe('a file that a plan makes in the repository', () => {
  test.each(['.terraform/archive_files/fn.zip', '.terraform/fn.zip', 'fn.zip', '../../../build/fn.zip'])(
    'is there in the apply: %s',
    async (name) => {
      const planned = await planning((directory) => write(join(directory, name)), `./${name}`);
      expect(planned).toMatchObject({ ok: true, added: { count: 1 } });
      expect(await appliedWith(name)).toBe('zip');
    },
  );

  test('is no matter if it is named by its absolute path', async () => {
    const file = join(run.base, 'tree', DIRECTORY, 'build/fn.zip');
    expect(await planning(() => write(file), file)).toMatchObject({ ok: true });
    expect(await appliedWith('build/fn.zip')).toBe('zip');
  });

  test('may be a file of the commit that is written again with the same bytes', async () => {
    run.write({ [`${DIRECTORY}/fn.zip`]: 'zip' });
    const planned = await planning((directory) => {
      rmSync(join(directory, 'fn.zip'));
      write(join(directory, 'fn.zip'));
    }, 'fn.zip');
    expect(planned).toMatchObject({ ok: true, added: { count: 0 } });
    expect(await appliedWith('fn.zip')).toBe('zip');
  });

  test('fails the plan if it is a file of the commit with other bytes', async () => {
    run.write({ [`${DIRECTORY}/fn.zip`]: 'zip' });
    expect(planFailureOf(await planning((directory) => write(join(directory, 'fn.zip'), 'ZIP')))).toMatchObject({
      phase: 'bundle',
      reason: 'tree-changed',
      message: expect.stringContaining(`the plan changed "${DIRECTORY}/fn.zip", which the commit has`),
    });
  });

  test('is left as it was where a plan changes or removes it to destroy: what older plans have made must be able to end', async () => {
    run.write({ [`${DIRECTORY}/fn.zip`]: 'zip', [`${DIRECTORY}/old.zip`]: 'old' });
    run.steps.plan = (step) => {
      write(join(step.directory, 'fn.zip'), 'ZIP');
      rmSync(join(step.directory, 'old.zip'));
      return savePlan(planFile())(step);
    };
    const { result, log } = await run.plan({ STAGEGATE_OPERATION: 'destroy' });
    expect(result).toMatchObject({ ok: true, added: { count: 0 } });
    expect(log).toContain(`goes on all the same: the plan changed "${DIRECTORY}/fn.zip" and removed "${DIRECTORY}/old`);
    expect(await appliedWith('fn.zip')).toBe('zip');
  });

  test('fails the plan if the apply would not have it: among the providers, and named', async () => {
    const name = '.terraform/providers/fn.zip';
    expect(planFailureOf(await planning((directory) => write(join(directory, name)), `./${name}`))).toMatchObject({
      phase: 'bundle',
      reason: 'made-outside',
      message: `the plan made "./${name}" and names it, ${WAY_OUT}`,
    });
  });

  test('is no matter among the providers if the plan does not name it', async () => {
    const planned = await planning((directory) => write(join(directory, '.terraform/providers/cache.json')));
    expect(planned).toMatchObject({ ok: true, added: { count: 0 } });
  });

  test('fails the plan if the plan reaches it by a link of its own, which is left behind', async () => {
    const planned = await planning((directory) => {
      write(join(directory, 'build/fn.zip'));
      symlinkSync('build', join(directory, 'latest'));
    }, 'latest/fn.zip');
    expect(planFailureOf(planned).message).toBe(`the plan made "latest/fn.zip" and names it, ${WAY_OUT}${OF_LINKS}`);
  });

  test.each(['latest.zip', './latest.zip'])(
    'fails the plan if it is a link to a file of the commit, which is left behind: %s',
    async (name) => {
      run.write({ [`${DIRECTORY}/fn.zip`]: 'zip' });
      const planned = await planning((directory) => symlinkSync('fn.zip', join(directory, 'latest.zip')), name);
      expect(planFailureOf(planned)).toMatchObject({
        reason: 'made-outside',
        message: `the plan made "${name}" and names it, ${WAY_OUT}${OF_LINKS}`,
      });
    },
  );

  test('is no matter as a link that the plan does not name, or that leads to no file', async () => {
    const does = (directory: string) => {
      symlinkSync('..', join(directory, 'latest'));
      symlinkSync('nothing', join(directory, 'lost'));
      symlinkSync('/etc/hostname', join(directory, 'unnamed'));
    };
    expect(await planning(does, 'latest', './lost', 'hostname')).toMatchObject({ ok: true });
  });

  test('is there in the apply by a link of the commit', async () => {
    run.write({ 'build/.keep': '', [`${DIRECTORY}/out`]: { link: '../../../build' } });
    expect(await planning((directory) => write(join(directory, 'out/fn.zip')), 'out/fn.zip')).toMatchObject({
      ok: true,
    });
    expect(await appliedWith('out/fn.zip')).toBe('zip');
  });
});

describe('a file that a plan makes elsewhere', () => {
  const fails = (told: string) => ({
    phase: 'bundle',
    reason: 'made-outside',
    message: `the plan made ${told} and names it, ${WAY_OUT}`,
  });

  test('fails the plan that names it', async () => {
    const file = join(outside, 'fn.zip');
    expect(planFailureOf(await planning(() => write(file), file))).toMatchObject(fails(JSON.stringify(file)));
    expect(run.log).toContain(`Error: the plan made "${file}"`);
  });

  test.each<[string, (file: string) => unknown]>([
    ['an object', (file) => ({ deep: { er: [file] } })],
    ['a list', (file) => [[file]]],
  ])('is found in %s', async (_, within) => {
    const file = join(outside, 'fn.zip');
    expect(planFailureOf(await planning(() => write(file), within(file)))).toMatchObject(fails(JSON.stringify(file)));
  });

  test('is found by a relative path that leads out of the repository', async () => {
    const up = `${'../'.repeat(DIRECTORY.split('/').length + 1)}fn.zip`;
    expect(planFailureOf(await planning((directory) => write(join(directory, up)), up))).toMatchObject(
      fails(JSON.stringify(up)),
    );
  });

  test('is found behind a link that was there before', async () => {
    const link = join(temporaryDirectory(), 'link');
    symlinkSync(outside, link);
    const file = join(link, 'fn.zip');
    expect(planFailureOf(await planning(() => write(file), file))).toMatchObject(fails(JSON.stringify(file)));
  });

  test('is one of many: five are named', async () => {
    const files = [1, 2, 3, 4, 5, 6, 7].map((number) => join(outside, `${number}.zip`));
    const told = files.slice(0, 5).map((file) => JSON.stringify(file));
    const does = () => {
      for (const file of files) write(file);
    };
    expect(planFailureOf(await planning(does, ...files)).message).toBe(
      `the plan made ${told.join(', ')} and 2 more and names them, ${WAY_OUT}`,
    );
  });

  test('is told with the way out, however long the paths are', async () => {
    const files = [1, 2, 3].map((number) => join(outside, `${number}`.repeat(200), 'x'.repeat(200), 'fn.zip'));
    const does = () => {
      for (const file of files) write(file);
    };
    const { message } = planFailureOf(await planning(does, ...files));
    expect(message).toMatch(/^the plan made ".{300}" and 2 more and names them, /);
    expect(message.endsWith(WAY_OUT)).toBe(true);
  });

  test('does not keep anything from being destroyed', async () => {
    const file = join(outside, 'fn.zip');
    await planning(() => write(file), file);
    rmSync(file);
    run.artifacts.objects.clear();
    expect((await run.plan({ STAGEGATE_OPERATION: 'destroy' })).result).toMatchObject({ ok: true });
  });

  test('is not named where its name is a secret', async () => {
    const file = join(outside, 'hunter2-and-more.zip');
    run.steps.plan = (step) => {
      write(file);
      return savePlan(planFile())(step);
    };
    run.steps.show = () => ({
      lines: [
        JSON.stringify({
          resource_changes: [
            { change: { after: { path: file, name: 'hunter2-and-more' }, after_sensitive: { name: true } } },
          ],
        }),
      ],
    });
    const { result, log } = await run.plan();
    expect(planFailureOf(result)).toMatchObject(fails(`"${outside}/(sensitive).zip"`));
    expect(log).not.toContain('hunter2');
  });

  test.each<[string, (file: string) => unknown]>([
    ['in no text', () => ''],
    ['as a part of a text', (file) => `cat ${file}`],
    ['as the name of a value', (file) => ({ [file]: true })],
    ['in encoded JSON', (file) => JSON.stringify({ file })],
  ])('is left alone where its path stands %s', async (_, within) => {
    const file = join(outside, 'fn.zip');
    expect(await planning(() => write(file), within(file))).toMatchObject({ ok: true });
  });
});

describe('a path in a plan is left alone where it names', () => {
  test.each([
    ['a directory', '/var/log'],
    ['a file that was there before', '/etc/hostname'],
    ['a device', '/dev/null'],
    ['a file of the kernel', '/proc/self/status'],
    ['nothing', '/var/nothing/of/this/name'],
    ['the root', '/'],
    ['more than a path can have', `/${'long/'.repeat(1000)}`],
    ['a name that no file has', '/tmp/a\u0000b'],
    ['a network', '10.0.0.0/16'],
    ['a role', 'arn:aws:iam::123456789012:role/deploy'],
    ['a page', 'https://example.com/tmp/fn.zip'],
    ['something below a file', '/etc/hostname/fn.zip'],
  ])('%s', async (_, path) => {
    expect(await planning(() => undefined, path)).toMatchObject({ ok: true });
  });

  test('a file that was there before and that the plan writes to', async () => {
    const file = join(outside, 'log');
    write(file);
    const does = () => {
      appendFileSync(file, 'more');
      chmodSync(file, 0o600);
      writeFileSync(file, 'other');
    };
    expect(await planning(does, file)).toMatchObject({ ok: true });
  });

  test('a new directory, or a new link to what was there before', async () => {
    const [directory, link] = [join(outside, 'directory'), join(outside, 'link')];
    const does = () => {
      mkdirSync(directory);
      symlinkSync('/etc/hostname', link);
    };
    expect(await planning(does, directory, link)).toMatchObject({ ok: true });
  });

  test('what the plan removed again', async () => {
    const file = join(outside, 'fn.zip');
    const does = () => {
      write(file);
      rmSync(file);
    };
    expect(await planning(does, file)).toMatchObject({ ok: true });
  });
});
