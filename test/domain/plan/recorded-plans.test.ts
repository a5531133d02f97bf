import { describe, expect, test } from '@jest/globals';
import { AnalysisSchema, headlineOf } from '../../../lambdas/domain/plan/analysis.ts';
import { analyse, recordedPlan, recordedPlanText } from './plan-documents.ts';

/** What Terraform itself printed for people about a recorded plan, and what a person would call lost. */
interface Truth {
  readonly plan: string;
  readonly counts: readonly [add: number, change: number, destroy: number];
  readonly import?: number;
  readonly move?: number;
  readonly replace?: number;
  readonly outputs?: number;
  readonly drifted?: number;
  readonly failedChecks?: number;
  readonly exit: 0 | 1 | 2;
  readonly complete?: false;
  readonly losses?: readonly string[];
}

const TRUTHS: readonly Truth[] = [
  { plan: '01-create-web-app', counts: [18, 0, 0], exit: 2, outputs: 3 },
  { plan: '02-no-changes', counts: [0, 0, 0], exit: 0 },
  { plan: '03-resize-database', counts: [0, 1, 0], exit: 2 },
  {
    plan: '04-replace-database',
    counts: [2, 1, 2],
    exit: 2,
    replace: 2,
    outputs: 1,
    losses: ['module.web.aws_db_instance.this'],
  },
  {
    plan: '05-destroy-everything',
    counts: [0, 0, 18],
    exit: 2,
    outputs: 3,
    losses: ['module.web.aws_db_instance.this', 'module.web.aws_s3_bucket.assets'],
  },
  {
    plan: '06-remove-bucket-and-tighten',
    counts: [1, 3, 3],
    exit: 2,
    replace: 1,
    outputs: 1,
    losses: ['module.web.aws_s3_bucket.assets'],
  },
  { plan: '07-open-security-group', counts: [0, 1, 0], exit: 2 },
  { plan: '08-outputs-only', counts: [0, 0, 0], exit: 2, outputs: 3 },
  { plan: '09-moved-only', counts: [0, 0, 0], exit: 2, move: 3 },
  { plan: '10-import-only', counts: [0, 0, 0], exit: 2, import: 3 },
  { plan: '11-failing-check', counts: [0, 0, 0], exit: 0, failedChecks: 1 },
  { plan: '12-errored-precondition', counts: [0, 1, 0], exit: 1, failedChecks: 1, complete: false },
  { plan: '13-sensitive-values', counts: [1, 5, 1], exit: 2, replace: 1, outputs: 2 },
  {
    plan: '14-count-shrinks',
    counts: [0, 0, 4],
    exit: 2,
    losses: ['module.tenant["initech"].aws_dynamodb_table.orders'],
  },
  { plan: '15-terraform-data', counts: [3, 1, 3], exit: 2, replace: 2, outputs: 1 },
  { plan: '16-targeted', counts: [0, 1, 0], exit: 2, complete: false },
  { plan: '17-resource-drift', counts: [1, 2, 0], exit: 2, drifted: 3 },
  { plan: '18-module-version-upgrade', counts: [1, 1, 0], exit: 2 },
  { plan: '19-several-regions', counts: [13, 0, 0], exit: 2 },
];

describe.each(TRUTHS)('$plan', (truth) => {
  const analysis = analyse(recordedPlanText(truth.plan));

  test('counts what Terraform counts', () => {
    const [add, change, destroy] = truth.counts;
    expect(analysis.summary).toMatchObject({
      add,
      change,
      destroy,
      import: truth.import ?? 0,
      move: truth.move ?? 0,
      replace: truth.replace ?? 0,
      outputs: truth.outputs ?? 0,
      forget: 0,
      driftedResources: truth.drifted ?? 0,
      failedChecks: truth.failedChecks ?? 0,
    });
  });

  test('knows whether there is anything to apply', () => {
    expect(analysis.hasChanges).toBe(truth.exit === 2);
    expect(analysis.errored).toBe(truth.exit === 1);
    expect(analysis.complete).toBe(truth.complete ?? true);
  });

  test('says the same when it is told the exit code', () => {
    const { hasChanges, errored, notices } = analyse(recordedPlanText(truth.plan), { exitCode: truth.exit });
    expect({ hasChanges, errored, notices }).toEqual({
      hasChanges: truth.exit === 2,
      errored: truth.exit === 1,
      notices: [],
    });
  });

  test('names what is lost, and nothing else', () => {
    expect(analysis.blastRadius.statefulLosses).toEqual(truth.losses ?? []);
  });

  test('understands everything in it', () => {
    expect(analysis.notices).toEqual([]);
  });

  test('fits the schema it is stored by, and its headline stays small', () => {
    expect(AnalysisSchema.parse(JSON.parse(JSON.stringify(analysis)))).toEqual(JSON.parse(JSON.stringify(analysis)));
    expect(JSON.stringify(headlineOf(analysis)).length).toBeLessThan(4000);
  });

  test('never shows the database password it holds in clear', () => {
    expect(JSON.stringify(analysis)).not.toContain('Vq7-stage-tR4kzP2mXw');
  });
});

describe('what is particular about the recorded plans', () => {
  test('03 costs more a month and loses nothing', () => {
    const { cost, blastRadius, safeguards } = analyse(recordedPlan('03-resize-database'));
    expect(cost.monthlyDelta).toBeGreaterThan(0);
    expect(blastRadius.dependents).toEqual([
      'module.web.aws_ecs_service.app',
      'module.web.aws_ecs_task_definition.app',
    ]);
    expect(blastRadius.outputs).toEqual(['database_endpoint']);
    expect(safeguards.verdict).toBe('allow');
  });

  test('04 says why the database is replaced', () => {
    const database = analyse(recordedPlan('04-replace-database')).resources.find(
      ({ type }) => type === 'aws_db_instance',
    );
    expect(database).toMatchObject({
      actions: ['delete', 'create'],
      reason: 'replace_because_cannot_update',
      stateful: true,
    });
    expect(database?.attributes[0]).toEqual({
      path: 'storage_encrypted',
      before: false,
      after: true,
      forcesReplacement: true,
    });
  });

  test('05 is recognised as the destruction of the whole environment', () => {
    const { safeguards, blastRadius, cost } = analyse(recordedPlan('05-destroy-everything'), { environment: 'prod1' });
    expect(safeguards.violations.map(({ address, rule }) => [address, rule])).toEqual([
      ['prod1', 'environment-destroyed'],
      ['module.web.aws_db_instance.this', 'protected-kind'],
      ['module.web.aws_s3_bucket.assets', 'protected-kind'],
    ]);
    expect(blastRadius.level).toBe('critical');
    expect(cost.monthlyAfter).toBe(0);
  });

  test('06 is blocked in production and only reported in development', () => {
    const plan = recordedPlan('06-remove-bucket-and-tighten');
    expect(analyse(plan).safeguards).toMatchObject({
      verdict: 'block',
      violations: [{ address: 'module.web.aws_s3_bucket.assets', rule: 'protected-kind', liftable: true }],
    });
    const inDevelopment = analyse(plan, { stage: 'development' });
    expect(inDevelopment.safeguards).toMatchObject({ verdict: 'allow', violations: [] });
    expect(inDevelopment.blastRadius.level).toBe('critical');
  });

  test('06 is no exposure: the bucket goes together with its public access block', () => {
    expect(analyse(recordedPlan('06-remove-bucket-and-tighten')).blastRadius.exposures).toEqual([]);
  });

  test('07 names the opened security group', () => {
    expect(analyse(recordedPlan('07-open-security-group')).blastRadius.exposures).toEqual([
      {
        address: 'module.web.aws_security_group.web',
        why: 'opens port 22 (SSH) to the whole internet (0.0.0.0/0)',
        severity: 'high',
      },
    ]);
  });

  test.each(['08-outputs-only', '09-moved-only', '10-import-only'])('%s touches nothing but records', (name) => {
    const { blastRadius } = analyse(recordedPlan(name));
    expect(blastRadius).toMatchObject({ level: 'low', direct: [], dependents: [] });
    expect(blastRadius.reasons).toHaveLength(1);
  });

  test('09 says where each object comes from', () => {
    expect(analyse(recordedPlan('09-moved-only')).resources.map(({ previousAddress }) => previousAddress)).toEqual([
      'module.web.aws_s3_bucket.assets',
      'module.web.aws_s3_bucket_public_access_block.assets',
      'module.web.aws_security_group.database',
    ]);
  });

  test('11 shows the failing check although nothing is to apply', () => {
    const failing = analyse(recordedPlan('11-failing-check')).checks.filter(({ status }) => status === 'fail');
    expect(failing).toEqual([
      {
        address: 'module.web.check.database_is_backed_up',
        status: 'fail',
        problems: ['The database keeps its backups for 0 days; the policy says at least 7.'],
      },
    ]);
  });

  test.each([
    ['12-errored-precondition', 'plan-errored'],
    ['16-targeted', 'plan-incomplete'],
  ])('%s is blocked in every stage and cannot be lifted', (name, rule) => {
    for (const stage of ['development', 'staging', 'production'] as const) {
      const { safeguards } = analyse(recordedPlan(name), { stage, environment: 'dev1', lifts: ['dev1'] });
      expect(safeguards).toMatchObject({ verdict: 'block', violations: [{ rule, liftable: false }], liftsUsed: [] });
    }
  });

  test('11 without one of its resources in the state is blocked in every stage: no engine says then that nothing changes', () => {
    const plan = recordedPlan('11-failing-check');
    const forged = JSON.parse(
      JSON.stringify(plan, (key, value) => (key === 'prior_state' ? { values: { root_module: {} } } : value)),
    );
    const facts = { engine: 'terraform', stage: 'development' } as const;
    expect(analyse(plan, facts).safeguards.verdict).toBe('allow');
    const { safeguards } = analyse(forged, facts);
    expect(safeguards.verdict).toBe('block');
    expect(new Set(safeguards.violations.map(({ rule, liftable }) => `${rule} ${liftable}`))).toEqual(
      new Set(['plan-contradictory false']),
    );
  });

  test('14: an object that leaves a count does not make its siblings dependents', () => {
    expect(analyse(recordedPlan('14-count-shrinks')).blastRadius.dependents).toEqual([]);
  });

  test('15: a builtin resource called database is no database', () => {
    const { blastRadius, safeguards, resources, summary } = analyse(recordedPlan('15-terraform-data'));
    expect(resources.every(({ stateful }) => !stateful)).toBe(true);
    expect(safeguards.verdict).toBe('allow');
    expect(blastRadius.statefulLosses).toEqual([]);
    expect(summary.replaceOrder).toEqual({ deleteFirst: 1, createFirst: 1 });
  });

  test('17 shows what drifted, not the clock of the database', () => {
    expect(analyse(recordedPlan('17-resource-drift')).drift).toEqual([
      { address: 'module.web.aws_cloudwatch_log_group.app', what: 'changed', attributes: ['retention_in_days'] },
      { address: 'module.web.aws_s3_bucket_public_access_block.assets', what: 'deleted', attributes: [] },
      { address: 'module.web.aws_security_group.web', what: 'changed', attributes: ['ingress'] },
    ]);
  });

  test('18 tells the versions of all module calls, the nested one by its parent', () => {
    expect(
      analyse(recordedPlan('18-module-version-upgrade')).modules.map(({ call, version }) => [call, version]),
    ).toEqual([
      ['module.audit', '1.4.0'],
      ['module.notices', '2.0.0'],
      ['module.notices.module.logs', '2.0.0'],
    ]);
  });
});
