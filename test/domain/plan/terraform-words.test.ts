import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Analysis } from '../../../lambdas/domain/plan/analyze-plan.ts';
import { analyse } from './plan-documents.ts';

/** The engine on this machine. Both engines are supported. */
const engine = spawnSync('terraform', ['version']).status === 0 ? 'terraform' : 'tofu';

/** The configuration before the change. Each case changes it. */
const BEFORE = `
variable "pin" {
  type      = string
  sensitive = true
  default   = "pin-code-1"
}
locals { joined = terraform_data.network.output }
resource "terraform_data" "network" { input = "10.0.0.0/16" }
resource "terraform_data" "web" {
  count            = 2
  input            = "\${local.joined} \${count.index}"
  triggers_replace = "one"
}
resource "terraform_data" "secret" { input = var.pin }
output "network" { value = terraform_data.network.output }
`;

interface Planned {
  readonly analysis: Analysis;
  readonly exitCode: number;
  /** Everything the engine printed. */
  readonly words: string;
  readonly json: string;
}

describe(`a plan of ${engine}`, () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'stagegate-words-'));
    write(BEFORE);
    run('init', '-input=false');
    run('apply', '-input=false', '-auto-approve');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const write = (configuration: string): void => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'main.tf'), configuration);
  };
  const run = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(engine, [...args, ...(args[0] === 'show' ? [] : ['-no-color'])], {
      cwd: folder,
      encoding: 'utf8',
      env: { PATH: process.env.PATH, HOME: folder, TF_IN_AUTOMATION: '1', CHECKPOINT_DISABLE: '1' },
    });
    if (status !== 0 && !(status === 2 && args[0] === 'plan'))
      throw new Error(`${engine} ${args.join(' ')}: ${stderr}`);
    return { status: status === 2 ? 2 : 0, stdout };
  };
  const plan = (configuration: string, ...options: string[]): Planned => {
    write(configuration);
    const { status: exitCode, stdout: words } = run(
      'plan',
      '-input=false',
      '-detailed-exitcode',
      '-out=plan.bin',
      ...options,
    );
    const json = run('show', '-json', 'plan.bin').stdout;
    return { analysis: analyse(json), exitCode, words, json };
  };

  test.each<[string, string, string[]]>([
    ['nothing changed', BEFORE, []],
    ['an update in place', BEFORE.replace('10.0.0.0/16', '10.1.0.0/16'), []],
    ['a replacement', BEFORE.replace('"one"', '"two"'), []],
    ['a replacement, new first', BEFORE.replace('"one"', '"two"\n  lifecycle { create_before_destroy = true }'), []],
    ['a count that shrinks', BEFORE.replace('count            = 2', 'count            = 1'), []],
    ['a count that grows', BEFORE.replace('count            = 2', 'count            = 5'), []],
    ['a block that is gone', BEFORE.replace(/resource "terraform_data" "secret".*\n/, ''), []],
    [
      'a block that is forgotten',
      `${BEFORE.replace(/resource "terraform_data" "secret".*\n/, '')}removed {\n  from = terraform_data.secret\n  lifecycle { destroy = false }\n}\n`,
      [],
    ],
    [
      'a move',
      `${BEFORE.replace('"secret"', '"renamed"')}moved {\n  from = terraform_data.secret\n  to   = terraform_data.renamed\n}\n`,
      [],
    ],
    ['an output alone', BEFORE.replace('output "network"', 'output "other" { value = 1 }\noutput "network"'), []],
    ['another secret', BEFORE.replace('pin-code-1', 'pin-code-2'), []],
    ['a replacement that was asked for', BEFORE, ['-replace=terraform_data.network']],
    [
      'a target',
      BEFORE.replace('10.0.0.0/16', '10.1.0.0/16').replace('"one"', '"two"'),
      ['-target=terraform_data.network'],
    ],
    ['the destruction of everything', BEFORE, ['-destroy']],
    [
      'a failing check',
      `${BEFORE}check "never" {\n  assert {\n    condition     = terraform_data.network.output == "never"\n    error_message = "no"\n  }\n}\n`,
      [],
    ],
  ])('says of %s what the engine says', (_, configuration, options) => {
    const { analysis, exitCode, words } = plan(configuration, ...options);
    const { summary } = analysis;
    const [, add, change, destroy] = (
      /(\d+) to add, (\d+) to change, (\d+) to destroy/.exec(words) ?? ['', 0, 0, 0]
    ).map(Number);
    expect({ add: summary.add, change: summary.change, destroy: summary.destroy }).toEqual({ add, change, destroy });
    expect(analysis.hasChanges).toBe(exitCode === 2);
    expect(summary.move).toBe((words.match(/has moved to/g) ?? []).length);
    expect(summary.forget).toBe((words.match(/^ *# \S+ will no longer be managed/gm) ?? []).length);
    if (engine === 'terraform') expect(analysis.complete).toBe(!words.includes('Resource targeting is in effect'));
    expect(analysis.notices).toEqual([]);
    expect(JSON.stringify(analysis)).not.toMatch(/pin-code-\d/);
  });

  test('made again is the same change, made differently it is not', () => {
    const changed = BEFORE.replace('10.0.0.0/16', '10.1.0.0/16');
    const [first, again, other] = [plan(changed), plan(changed), plan(BEFORE.replace('10.0.0.0/16', '10.2.0.0/16'))];
    expect(again.analysis.changeDigest).toBe(first.analysis.changeDigest);
    expect(other.analysis.changeDigest).not.toBe(first.analysis.changeDigest);
  });

  test('knows through the state who depends on what, although a local stands between', () => {
    const { analysis } = plan(BEFORE, '-replace=terraform_data.network');
    expect(analysis.graph.nodes.map(({ label }) => label)).toEqual([
      'terraform_data.network',
      'terraform_data.web[0]',
      'terraform_data.web[1]',
    ]);
    expect(analysis.graph.edges).toEqual([
      { from: 'n0', to: 'n1' },
      { from: 'n0', to: 'n2' },
    ]);
    expect(analysis.blastRadius.outputs).toEqual(['network']);
  });
});
