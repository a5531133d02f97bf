import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { AnalysisSchema } from '../../lambdas/domain/plan/analysis.ts';
import { analyzeFile } from '../../scripts/analyze-file.ts';
import { runHere, start } from './commands.ts';

const root = join(import.meta.dirname, '..', '..');
const plan = (name: string): string => join(root, 'test', 'fixtures', 'plans', `${name}.json`);

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'stagegate-analyze-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const file = (name: string, content: string): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};

const analyze = (...args: string[]) =>
  runHere((line) => analyzeFile(line, { width: undefined, hasColors: false }), folder, args);
const json = async (...args: string[]) => JSON.parse((await analyze(...args, '--json')).stdout);

describe('npm run analyze -- PLAN.json --json', () => {
  test('gives one object with everything the contract names', async () => {
    const { status, stdout, stderr } = await analyze(plan('03-resize-database'), '--json');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const analysis = JSON.parse(stdout);
    expect(AnalysisSchema.parse(analysis)).toEqual(analysis);
    expect(analysis).toMatchObject({
      summary: {
        add: 0,
        change: 1,
        destroy: 0,
        replace: 0,
        import: 0,
        move: 0,
        forget: 0,
        outputs: 0,
        driftedResources: 0,
        failedChecks: 0,
      },
      hasChanges: true,
      complete: true,
      errored: false,
      resources: [
        {
          address: 'module.web.aws_db_instance.this',
          type: 'aws_db_instance',
          actions: ['update'],
          reason: null,
          stateful: true,
        },
      ],
      blastRadius: {
        level: 'medium',
        score: expect.any(Number),
        direct: ['module.web.aws_db_instance.this'],
        dependents: expect.any(Array),
        statefulLosses: [],
        exposures: [],
        reasons: [expect.any(String)],
      },
      cost: {
        currency: 'USD',
        monthlyBefore: 81.59,
        monthlyAfter: 185.98,
        monthlyDelta: 104.39,
        coverage: 100,
        unpriced: [],
        sheetDate: '2024-07-01',
      },
      safeguards: { verdict: 'allow', violations: [] },
      modules: [{ call: 'module.web', source: './modules/web', version: 'local' }],
      changeDigest: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  test('judges by the stage it is given', async () => {
    expect((await json(plan('06-remove-bucket-and-tighten'))).safeguards.verdict).toBe('block');
    expect((await json(plan('06-remove-bucket-and-tighten'), '--stage', 'development')).safeguards.verdict).toBe(
      'allow',
    );
    const protectedOne = await json(
      plan('06-remove-bucket-and-tighten'),
      ...['--stage', 'staging', '--deletion-protection'],
    );
    expect(protectedOne.safeguards.verdict).toBe('block');
  });

  test('takes prices, region, module manifest and commit', async () => {
    const prices = file(
      'ours.csv',
      'service,product_family,match_set,pricing_match_set,price,price_type,ccy\nX,Y,type=aws_db_instance&values.instance_class=db.t4g.micro,region=us-east-1&as_of=2026-05-06,1,t,EUR\nX,Y,type=aws_db_instance&values.instance_class=db.m6g.large,region=us-east-1&as_of=2026-05-07,2,t,EUR\n',
    );
    const modules = file('modules.json', JSON.stringify({ Modules: [{ Key: 'web', Source: 'x', Version: '9.9.9' }] }));
    const { cost, modules: versions } = await json(
      plan('03-resize-database'),
      '--prices',
      'ours.csv',
      '--region',
      'eu-west-1',
      '--modules',
      modules,
      '--commit',
      'abc1234',
    );
    expect(cost).toMatchObject({
      currency: 'EUR',
      // The database says itself that it is in us-east-1.
      region: 'eu-west-1',
      monthlyBefore: 730,
      monthlyAfter: 1460,
      sheet: 'ours.csv',
      sheetDate: '2026-05-06',
    });
    expect(versions).toMatchObject([{ call: 'module.web', version: 'abc1234' }]);
    expect(prices).toContain('ours.csv');
  });
});

describe('npm run analyze -- PLAN.json', () => {
  test('tells people what changes, what it touches, what it costs and whether it may go on', async () => {
    const { status, stdout } = await analyze(plan('04-replace-database'));
    expect(status).toBe(0);
    for (const line of [
      '04-replace-database.json · production',
      'Changes       2 to add, 1 to change, 2 to destroy, 2 of them replaced, 1 output',
      '  ± module.web.aws_db_instance.this  replace · delete first · replace_because_cannot_update',
      '      storage_encrypted: false -> true (forces replacement)',
      'Blast radius  critical',
      '  • module.web.aws_db_instance.this is replaced by an empty one: its data and automated backups.',
      'Cost          81.59 -> 81.59 USD a month in us-east-1: no change of the monthly cost',
      'Safeguards    block',
      '  module.web  local  ./modules/web',
    ])
      expect(stdout).toContain(line);
    expect(stdout).not.toContain('\u001b');
  });

  test('shows no secret, and says nothing changes where nothing does', async () => {
    expect((await analyze(plan('13-sensitive-values'))).stdout).not.toMatch(
      /wT8!xE2mVj6Kd|gR5-nW8qLz3T|pQr7-new-hook|mailpw|tok_live|literal-|LIC-7f3e/,
    );
    expect((await analyze(plan('02-no-changes'))).stdout).toContain('Changes       none\n');
  });

  test('names every region in which something is priced', async () => {
    const { stdout } = await analyze(plan('19-several-regions'), '--region', 'eu-west-1');
    expect(stdout).toContain('USD a month in eu-west-1, us-east-1: ');
  });

  test('--help lists the options', async () => {
    expect(await analyze('--help')).toMatchObject({
      status: 0,
      stderr: '',
      stdout: expect.stringContaining('--prices SHEET.csv'),
    });
  });
});

test('is a command that says the same, and ends with the exit code', async () => {
  const shown = [plan('03-resize-database'), '--json'];
  const started = await start('analyze.ts', folder, shown);
  expect(started).toEqual(await analyze(...shown));
  expect(started).toMatchObject({ status: 0, stderr: '' });
  expect(await start('analyze.ts', folder, ['nowhere.json'])).toEqual({
    ...(await analyze('nowhere.json')),
    status: 2,
  });
  // Nobody sees the colours of a file or pipe.
  expect((await start('analyze.ts', folder, [plan('02-no-changes')])).stdout).not.toContain('\u001b');
});

describe('bad usage ends with 2 and one line that says what to do', () => {
  test.each<[string, () => string[], string]>([
    ['no plan', () => [], 'name the plan: npm run analyze -- PLAN.json (--help lists the options)'],
    ['two plans', () => ['a.json', 'b.json'], 'one plan at a time, got also b.json'],
    ['an unknown option', () => ['a.json', '--frobnicate'], "Unknown option '--frobnicate'"],
    [
      'an unknown stage',
      () => [plan('02-no-changes'), '--stage', 'prod'],
      '--stage is one of development, staging, production, got "prod"',
    ],
    [
      'a region that is none',
      () => [plan('02-no-changes'), '--region', 'ireland'],
      '--region is an AWS region such as eu-west-1, got "ireland"',
    ],
    ['a file that is not there', () => ['nowhere.json'], 'reading plan nowhere.json: no such file'],
    ['a folder', () => ['.'], 'reading plan .: EISDIR'],
    [
      'something that is not JSON',
      () => [file('text.json', 'hello')],
      'reading plan: not JSON: unexpected text at line 1, column 1',
    ],
    ['a truncated plan', () => [file('cut.json', '{"format_version":"1.2","resource_changes":[{')], 'truncated'],
    [
      'a state',
      () => [file('state.json', '{"version":4,"serial":1,"lineage":"x"}')],
      'this is a Terraform state file, not a plan',
    ],
    [
      'a plan of another format',
      () => [file('two.json', '{"format_version":"2.0","resource_changes":[]}')],
      'format_version 2.0 is not supported, only 1.x is',
    ],
    [
      'no price sheet',
      () => [plan('02-no-changes'), '--prices', 'none.csv'],
      'reading price sheet none.csv: no such file',
    ],
    [
      'a malformed price sheet',
      () => [
        plan('02-no-changes'),
        '--prices',
        file(
          'bad.csv',
          'service,product_family,match_set,pricing_match_set,price,price_type,ccy\nA,B,type=aws_x,region=eu-west-1,lots,t,USD\n',
        ),
      ],
      'reading price sheet bad.csv: line 2, column 33 (price): expected a price, a number of at least 0, got "lots"',
    ],
    ['a manifest that is not JSON', () => [plan('02-no-changes'), '--modules', file('modules.txt', 'x')], 'not JSON'],
  ])('%s', async (_, args, message) => {
    const { status, stdout, stderr } = await analyze(...args());
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^analyze: [^\n]*\n$/);
    expect(stderr).toContain(message);
  });
});
