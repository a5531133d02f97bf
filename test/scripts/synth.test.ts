import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { functionBundles } from '../harness/bundles.ts';

const root = join(import.meta.dirname, '..', '..');
const STACKS = ['Stagegate', 'StagegateStateBucket', 'StagegateTargetAccount'];

describe('synthesis', () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'stagegate-synth-'));
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  const node = (args: readonly string[], variables: Record<string, string> = {}) =>
    spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8', env: { ...process.env, ...variables } });
  const templates = (assembly: string) =>
    STACKS.map((name) => JSON.parse(readFileSync(join(directory, assembly, `${name}.template.json`), 'utf8')));

  test('gives the same templates locally as for the CDK CLI', async () => {
    const functions = ['--functions', (await functionBundles()).directory];
    const local = node(['scripts/synth.ts', '--local', ...functions, '--output', join(directory, 'local')]);
    expect(local).toMatchObject({ status: 0, stdout: `${join(directory, 'local')}\n`, stderr: '' });

    const { context } = JSON.parse(readFileSync(join(root, 'cdk.json'), 'utf8'));
    // What the CLI hands to the app, with the options of cdk.json.
    const cli = node(['bin/stagegate.ts'], {
      CDK_OUTDIR: join(directory, 'cli'),
      CDK_CONTEXT_JSON: JSON.stringify({ ...context, 'aws:cdk:version-reporting': false }),
      // What the checks find is tested in test/lib/cdk-app.test.ts; they take most of the time and change nothing.
      CDK_VALIDATION: 'false',
    });
    expect(cli).toMatchObject({ status: 0, stderr: '' });
    expect(templates('local')).toEqual(templates('cli'));
  });

  test('shows all mistakes of the configuration, and nothing else', () => {
    const { status, stderr } = node(['bin/stagegate.ts'], {
      CDK_OUTDIR: join(directory, 'mistaken'),
      // Bundling needs it: nothing is bundled before the mistakes are known.
      TMPDIR: join(directory, 'is', 'not', 'there'),
      CDK_CONTEXT_JSON: JSON.stringify({ 'stagegate:removalPolicy': 'keep', 'stagegate:typo': 1 }),
    });
    expect(status).toBe(1);
    expect(stderr.split('\n')).toEqual([
      'configuration in CDK context:',
      expect.stringContaining('stagegate:removalPolicy: '),
      expect.stringContaining('stagegate:typo: '),
      '',
    ]);
  });
});
