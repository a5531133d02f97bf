import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FUNCTIONS } from '../../lambdas/functions.ts';
import { bundleBuilds, bundleFunctions } from '../../scripts/bundle.ts';
import { functionBundles } from '../harness/bundles.ts';
import { FUNCTION_VARIABLES } from '../harness/function-variables.ts';

const root = join(import.meta.dirname, '..', '..');

const NAMES = { names: { entry: 'lambdas/domain/names.ts' } };
const ERRORS = { errors: { entry: 'lambdas/domain/errors.ts' } };

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'stagegate-bundle-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe('bundling functions', () => {
  test('makes one directory per function, with everything it needs', async () => {
    await bundleFunctions(directory, { ...NAMES, ...ERRORS, policy: { entry: 'lambdas/domain/policy.ts' } });
    expect(readdirSync(directory).sort()).toEqual(['errors', 'names', 'policy']);
    for (const name of ['errors', 'names', 'policy']) expect(readdirSync(join(directory, name))).toContain('index.mjs');
    const program = `import { GATES } from ${JSON.stringify(join(directory, 'policy', 'index.mjs'))}; console.log(GATES);`;
    expect(run(program)).toMatchObject({ stdout: "[ 'staff', 'client' ]\n", status: 0 });
  });

  test('gives the same bytes for the same sources, and leaves the files alone', async () => {
    await bundleFunctions(directory, NAMES);
    const file = join(directory, 'names', 'index.mjs');
    const [bytes, { mtimeMs, ino }] = [readFileSync(file), statSync(file)];
    await bundleFunctions(directory, NAMES);
    expect(readFileSync(file)).toEqual(bytes);
    expect(statSync(file)).toMatchObject({ mtimeMs, ino });
  });

  test('removes functions that are no more', async () => {
    await bundleFunctions(directory, { ...NAMES, ...ERRORS });
    await bundleFunctions(directory, ERRORS);
    expect(readdirSync(directory)).toEqual(['errors']);
  });

  test('shows no drafts to a synthesis that reads the directories meanwhile', async () => {
    await bundleFunctions(directory, NAMES);
    writeFileSync(join(directory, 'names', 'index.mjs'), 'of before an edit');
    const seen = new Set<string>();
    const watcher = watch(join(directory, 'names'));
    try {
      const isReplaced = new Promise<void>((resolve) =>
        watcher.on('change', (_, name) => {
          seen.add(String(name));
          if (name === 'index.mjs') resolve();
        }),
      );
      await bundleFunctions(directory, NAMES);
      await isReplaced;
    } finally {
      watcher.close();
    }
    expect([...seen]).toEqual(['index.mjs']);
  });

  test('keeps the names of errors, which the state machine compares', async () => {
    await bundleFunctions(directory, ERRORS);
    const program = `import { NotHolderError } from ${JSON.stringify(join(directory, 'errors', 'index.mjs'))};
      console.log(new NotHolderError('held by another').name);`;
    expect(run(program)).toEqual({ stdout: 'NotHolderError\n', stderr: '', status: 0 });
  });

  test('fails, naming every entry that is missing', async () => {
    const entries = { ...NAMES, one: { entry: 'lambdas/one.ts' }, two: { entry: 'lambdas/two.ts' } };
    await expect(bundleFunctions(directory, entries)).rejects.toThrow(
      'bundling function "one": entry lambdas/one.ts does not exist; function "two": entry lambdas/two.ts does not exist',
    );
    expect(readdirSync(directory)).toEqual([]);
  });

  test('fails, naming it, when something imported does not exist', async () => {
    const file = join(directory, 'broken.ts');
    const entries = { broken: { entry: relative(root, file) } };
    for (const name of ['./gone.ts', 'no-such-package']) {
      writeFileSync(file, `import { gone } from '${name}';\nexport const handler = async () => gone();\n`);
      await expect(bundleFunctions(join(directory, 'out'), entries)).rejects.toThrow(name);
    }
  });

  test('makes handlers that load with the variables of their schema', async () => {
    const { directory: bundles } = await functionBundles();
    const program = `for (const name of ${JSON.stringify(Object.keys(FUNCTIONS))}) {
        const { handler } = await import(${JSON.stringify(bundles)} + '/' + name + '/index.mjs');
        // From Node.js 24 on Lambda refuses handlers that declare a callback.
        console.log(name, typeof handler, handler.length < 3);
      }`;
    const expected = Object.keys(FUNCTIONS).map((name) => `${name} function true\n`);
    expect(run(program, FUNCTION_VARIABLES)).toEqual({ stdout: expected.join(''), stderr: '', status: 0 });
  });
});

test('a command whose bundling fails leaves no temporary directory', () => {
  const temporary = join(directory, 'tmp');
  mkdirSync(temporary);
  const bundles = { functionsDirectory: join(directory, 'functions'), buildspecsDirectory: join(directory, 'builds') };
  const entries = { one: { entry: 'lambdas/one.ts' } };
  const program = `import { bundle } from ${JSON.stringify(join(root, 'scripts', 'bundle.ts'))};
    await bundle(${JSON.stringify(bundles)}, ${JSON.stringify(entries)});`;
  const { status, stderr } = run(program, { TMPDIR: temporary });
  expect([status, stderr]).toEqual([1, expect.stringContaining('lambdas/one.ts does not exist')]);
  expect(readdirSync(temporary)).toEqual([]);
});

describe('bundling the builds', () => {
  test('gives the same bytes again, with the same modes', async () => {
    await bundleBuilds(directory);
    const list = () =>
      readdirSync(directory, { recursive: true, encoding: 'utf8' })
        .sort()
        .map((name) => [name, statSync(join(directory, name)).mode, statSync(join(directory, name)).mtimeMs]);
    const before = list();
    expect(before.map(([name]) => name)).toEqual(expect.arrayContaining(['plan.yml', 'apply.yml', 'plan.mjs']));
    await bundleBuilds(directory);
    expect(list()).toEqual(before);
  });

  test('loads node:http without what it has of fetch', async () => {
    await bundleBuilds(directory);
    const file = readdirSync(directory).find((name) => name.startsWith('node_http-'));
    const program = `const { default: http, request } = await import(${JSON.stringify(join(directory, file ?? ''))});
      console.log(typeof http.Agent, typeof request, process.moduleLoadList.some((name) => name.includes('undici')));`;
    expect(run(program)).toEqual({ stdout: 'function function false\n', stderr: '', status: 0 });
  });

  test('removes what is no more', async () => {
    await bundleBuilds(directory);
    writeFileSync(join(directory, 'old.mjs'), 'process.exit(1);\n');
    await bundleBuilds(directory);
    expect(readdirSync(directory)).not.toContain('old.mjs');
  });
});

function run(program: string, variables: Readonly<Record<string, string>> = {}) {
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
    encoding: 'utf8',
    env: variables,
  });
  return { stdout, stderr, status };
}
