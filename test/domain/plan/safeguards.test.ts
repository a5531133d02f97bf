import { describe, expect, test } from '@jest/globals';
import type { PlanToAnalyse } from '../../../lambdas/domain/plan/analyze-plan.ts';
import { matchesPattern } from '../../../lambdas/domain/plan/safeguards.ts';
import { SafeguardSettingsSchema, type Safeguards } from '../../../lambdas/domain/plan/safeguards-schema.ts';
import { STATEFUL_TYPES } from '../../../lambdas/domain/plan/stateful-kinds.ts';
import { analyse, type ChangeParts, change, planOf, recordedPlan } from './plan-documents.ts';

const judged = (changes: ChangeParts[], options: Partial<PlanToAnalyse> = {}): Safeguards =>
  analyse(planOf({ resource_changes: changes.map(change) }), { environment: 'prod1', ...options }).safeguards;

const remaining: ChangeParts = { type: 'aws_vpc', actions: ['no-op'], before: { id: 'vpc' }, after: { id: 'vpc' } };
const deleted = (type: string, name = 'this', before: unknown = { id: name }): ChangeParts => ({
  type,
  name,
  actions: ['delete'],
  before,
});
const replaced = (type: string): ChangeParts => ({
  type,
  actions: ['delete', 'create'],
  before: { id: 'a' },
  after: {},
});
const rulesOf = ({ violations }: Safeguards): unknown[] => violations.map(({ address, rule }) => [address, rule]);

describe('protected environments', () => {
  test.each([
    ['production', false, 'block'],
    ['production', true, 'block'],
    ['staging', true, 'block'],
    ['development', true, 'block'],
    ['staging', false, 'allow'],
    ['development', false, 'allow'],
  ] as const)('%s, deletion protection %s: %s', (stage, deletionProtection, verdict) => {
    expect(judged([remaining, deleted('aws_db_instance')], { stage, deletionProtection }).verdict).toBe(verdict);
  });

  test.each(STATEFUL_TYPES)('neither delete nor replace %s', (type) => {
    expect(judged([remaining, deleted(type)])).toMatchObject({
      verdict: 'block',
      violations: [{ rule: 'protected-kind' }],
    });
    expect(judged([remaining, replaced(type)])).toMatchObject({
      verdict: 'block',
      violations: [{ rule: 'protected-kind' }],
    });
  });

  test.each([
    'aws_instance',
    'aws_iam_role',
    'aws_ecs_task_definition',
    'aws_sns_topic',
    'aws_ssm_parameter',
    'terraform_data',
  ])('may delete and replace %s', (type) => {
    expect(judged([remaining, deleted(type), { ...replaced(type), name: 'other' }]).verdict).toBe('allow');
  });

  test('may change a protected object in place, move it, forget it and create it', () => {
    const bucket = { type: 'aws_s3_bucket', before: { id: 'a', tags: {} }, after: { id: 'a', tags: { x: 'y' } } };
    expect(
      judged([
        bucket,
        { ...bucket, name: 'moved', previous: 'aws_s3_bucket.before', actions: ['no-op'] },
        { type: 'aws_s3_bucket', name: 'forgotten', actions: ['forget'], before: { id: 'b' } },
        { type: 'aws_s3_bucket', name: 'new', actions: ['create'], after: {} },
      ]).verdict,
    ).toBe('allow');
  });

  test('a pure cache may go, a cache that keeps sessions may not', () => {
    expect(judged([remaining, deleted('aws_elasticache_cluster', 'this', { engine: 'memcached' })]).verdict).toBe(
      'allow',
    );
    expect(judged([remaining, deleted('aws_elasticache_cluster', 'this', { engine: 'redis' })]).verdict).toBe('block');
  });

  test('say what is lost', () => {
    const [violation] = judged([remaining, deleted('aws_kms_key')]).violations;
    expect(violation?.why).toBe('is deleted: everything encrypted with it becomes unreadable; production is protected');
    const [snapshotted] = judged([
      remaining,
      deleted('aws_db_instance', 'this', { skip_final_snapshot: false, final_snapshot_identifier: 'last' }),
    ]).violations;
    expect(snapshotted?.why).toContain('its data, except for a final snapshot');
  });
});

describe('the environment as a whole', () => {
  test('is destroyed when nothing remains, whatever the operation was called', () => {
    expect(rulesOf(judged([deleted('aws_iam_role'), deleted('aws_vpc')]))).toEqual([
      ['prod1', 'environment-destroyed'],
    ]);
  });

  test('is destroyed when that was asked for, even if something remains', () => {
    expect(rulesOf(judged([remaining, deleted('aws_iam_role')], { operation: 'destroy' }))).toEqual([
      ['prod1', 'environment-destroyed'],
    ]);
  });

  test('may be destroyed where nothing protects it', () => {
    expect(judged([deleted('aws_iam_role')], { stage: 'development', operation: 'destroy' }).verdict).toBe('allow');
  });

  const objects = (count: number, deletions: number): ChangeParts[] =>
    Array.from({ length: count }, (_, at) =>
      at < deletions
        ? deleted('aws_iam_role', `r${at}`)
        : { type: 'aws_iam_role', name: `r${at}`, actions: ['no-op'], before: { id: 'x' }, after: { id: 'x' } },
    );

  test.each([
    [10, 3, 'allow'],
    [10, 4, 'block'],
    [3, 2, 'allow'],
    [100, 31, 'block'],
  ] as const)('of %s objects %s deleted: %s', (count, deletions, verdict) => {
    expect(judged(objects(count, deletions)).verdict).toBe(verdict);
  });

  test('the share can be tightened, never loosened', () => {
    expect(judged(objects(100, 11), { settings: { mostDeletedShare: 0.1 } })).toMatchObject({
      verdict: 'block',
      violations: [{ rule: 'too-many-deletions', address: 'prod1' }],
    });
    expect(SafeguardSettingsSchema.safeParse({ mostDeletedShare: 0.5 }).success).toBe(false);
  });

  test('replacing much is not deleting much', () => {
    expect(
      judged(Array.from({ length: 6 }, (_, at) => ({ ...replaced('terraform_data'), name: `r${at}` }))).verdict,
    ).toBe('allow');
  });
});

describe('what an application adds to the protected things', () => {
  test('kinds', () => {
    const settings = { protectedTypes: ['terraform_data'] };
    expect(judged([remaining, replaced('terraform_data')], { settings })).toMatchObject({
      verdict: 'block',
      violations: [{ rule: 'protected-kind' }],
    });
  });

  test('addresses, by pattern', () => {
    const settings = { protectedAddresses: ['terraform_data.database*'] };
    expect(
      rulesOf(
        judged([remaining, deleted('terraform_data', 'database_main'), deleted('terraform_data', 'cache')], {
          settings,
        }),
      ),
    ).toEqual([['terraform_data.database_main', 'protected-address']]);
  });

  test.each([
    ['module.db.aws_x.y', 'module.db.*', true],
    ['module.db.aws_x.y', '*aws_x*', true],
    ['module.db.aws_x.y', 'module.db', false],
    ['module.db.aws_x.y', '*', true],
    ['abab', 'ab*ab', true],
    ['ab', 'ab*ab', false],
    ['a(.*)b', 'a(.*)b', true],
    ['x', '', false],
  ])('%s %s: %s', (address, pattern, expected) => {
    expect(matchesPattern(address, pattern)).toBe(expected);
  });

  test('a hostile pattern costs no more than its length', () => {
    expect(matchesPattern('a'.repeat(50_000), `${'*a'.repeat(2000)}b`)).toBe(false);
  });
});

describe('an ephemeral environment, which takes along what it made', () => {
  const judgedIn = (isFirst: boolean, changes: ChangeParts[], options: Partial<PlanToAnalyse> = {}) =>
    rulesOf(judged(changes, { stage: 'development', environment: 'pr-1', ephemeral: { isFirst }, ...options }));
  const created: ChangeParts = { actions: ['create'], after: {} };
  const updated: ChangeParts = { type: 'aws_sns_topic', before: { id: 'a' }, after: { id: 'a', tags: {} } };
  const imported: ChangeParts = { ...updated, actions: ['no-op'], importing: { id: 'a' } };
  const forgotten: ChangeParts = { type: 'aws_sns_topic', actions: ['forget'], before: { id: 'a' } };
  const read: ChangeParts = { type: 'aws_ami', mode: 'data', actions: ['read'], after: {} };
  const topic = 'aws_sns_topic.this';

  test.each<[string, ChangeParts[], unknown[]]>([
    ['creates', [created, read], []],
    ['changes something', [created, updated], [[topic, 'first-plan-creates']]],
    ['finds something', [created, { ...updated, actions: ['no-op'] }], [[topic, 'first-plan-creates']]],
    ['deletes something', [created, deleted('aws_sns_topic')], [[topic, 'first-plan-creates']]],
  ])('whose first plan %s', async (_, changes, violations) => {
    expect(judgedIn(true, changes)).toEqual(violations);
  });

  test('may do all of that later, but import and forget nothing', () => {
    expect(judgedIn(false, [created, updated, { ...deleted('aws_instance'), name: 'old' }])).toEqual([]);
    for (const isFirst of [true, false])
      for (const adopting of [imported, forgotten])
        expect(judgedIn(isFirst, [adopting])).toContainEqual([topic, 'adopts-or-leaves']);
  });

  test('may be destroyed, whatever was applied there', () => {
    for (const isFirst of [true, false])
      expect(judgedIn(isFirst, [deleted('aws_sns_topic')], { operation: 'destroy' })).toEqual([]);
  });
});

describe('lifts', () => {
  const plan = [remaining, deleted('aws_db_instance'), deleted('aws_s3_bucket')];

  test('one for each address lets the plan through both gates, and says which are used', () => {
    expect(judged(plan, { lifts: ['aws_db_instance.this', 'aws_s3_bucket.this', 'aws_kms_key.other'] })).toMatchObject({
      verdict: 'allow',
      liftsUsed: ['aws_db_instance.this', 'aws_s3_bucket.this'],
      requiresBothGates: true,
    });
  });

  test('one for another address does nothing', () => {
    expect(judged(plan, { lifts: ['aws_db_instance.this'] })).toMatchObject({
      verdict: 'block',
      liftsUsed: ['aws_db_instance.this'],
    });
    expect(judged(plan, { lifts: ['aws_db_instance.other', 'staging1'] })).toMatchObject({
      verdict: 'block',
      liftsUsed: [],
    });
  });

  test('one for the environment covers everything in it', () => {
    const { verdict, liftsUsed } = judged([deleted('aws_db_instance')], { lifts: ['prod1'], operation: 'destroy' });
    expect({ verdict, liftsUsed }).toEqual({ verdict: 'allow', liftsUsed: ['prod1'] });
  });

  test('the one for the address goes first, the environment keeps its own', () => {
    expect(
      judged([remaining, deleted('aws_db_instance')], { lifts: ['prod1', 'aws_db_instance.this'] }).liftsUsed,
    ).toEqual(['aws_db_instance.this']);
  });

  test('are not used up by a plan that needs none', () => {
    expect(judged([remaining], { lifts: ['prod1'] })).toMatchObject({
      verdict: 'allow',
      liftsUsed: [],
      requiresBothGates: false,
    });
  });

  test('lift by the address that was shown, also when it hides a secret', () => {
    const changes: ChangeParts[] = [
      remaining,
      { ...deleted('aws_s3_bucket'), index: 'topsecret1' },
      { before: { password: 'topsecret1' }, after: {}, beforeMask: { password: true } },
    ];
    const [violation] = judged(changes).violations;
    expect(violation?.address).toBe('aws_s3_bucket.this["(sensitive)"]');
    expect(judged(changes, { lifts: [violation?.address ?? ''] }).verdict).toBe('allow');
  });

  test('cannot make an errored or targeted plan good', () => {
    for (const name of ['12-errored-precondition', '16-targeted'])
      expect(analyse(recordedPlan(name), { environment: 'prod1', lifts: ['prod1'] }).safeguards.verdict).toBe('block');
  });
});

test('a deposed object is protected like the live one that shares its address', () => {
  const { violations } = judged([
    remaining,
    { ...deleted('aws_db_instance'), deposed: 'abcd1234' },
    { type: 'aws_db_instance', actions: ['no-op'], before: { id: 'b' }, after: { id: 'b' } },
  ]);
  expect(violations).toMatchObject([{ address: 'aws_db_instance.this', rule: 'protected-kind' }]);
});
