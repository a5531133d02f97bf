import { describe, expect, test } from '@jest/globals';
import type { Undestroyed } from '../../../lambdas/domain/contract/destroy-settings.ts';
import type { PlanToAnalyse } from '../../../lambdas/domain/plan/analyze-plan.ts';
import { analyse, type ChangeParts, change, planOf } from './plan-documents.ts';

const created = (type: string, after: object, more: ChangeParts = {}): ChangeParts => ({
  type,
  actions: ['create'],
  after,
  ...more,
});
const PREVENTED: Undestroyed = {
  address: 'terraform_data.db',
  setting: 'prevent_destroy',
  file: 'apps/web/dev1/main.tf',
  line: 8,
  isLiteral: true,
};

function judge(
  changes: readonly ChangeParts[],
  undestroyed: readonly Undestroyed[] = [],
  more: Partial<PlanToAnalyse> = {},
) {
  const { safeguards, notices } = analyse(planOf({ resource_changes: changes.map(change) }), {
    stage: 'development',
    environment: 'pr-1',
    operation: 'deploy',
    ephemeral: { isFirst: true, undestroyed },
    ...more,
  });
  const violations = safeguards.violations.map(({ address, rule, liftable }) => ({ address, rule, liftable }));
  return { verdict: safeguards.verdict, violations, whys: safeguards.violations.map(({ why }) => why), notices };
}
const never = (address: string) => ({ address, rule: 'could-never-end', liftable: false });

describe('the first plan of an ephemeral environment is blocked', () => {
  test.each([
    ['aws_db_instance', { deletion_protection: true, skip_final_snapshot: true }, /deletion_protection on/],
    ['aws_rds_cluster', { skip_final_snapshot: false, final_snapshot_identifier: null }, /skip_final_snapshot/],
    ['aws_docdb_cluster', { skip_final_snapshot: false, final_snapshot_identifier: '' }, /skip_final_snapshot/],
    ['aws_redshift_cluster', {}, /final_snapshot_identifier/],
    ['aws_lightsail_database', { skip_final_snapshot: false }, /final_snapshot_name/],
    ['aws_lb', { enable_deletion_protection: true }, /enable_deletion_protection on/],
    ['aws_dynamodb_table', { deletion_protection_enabled: true }, /deletion_protection_enabled on/],
    ['aws_cognito_user_pool', { deletion_protection: 'ACTIVE' }, /deletion_protection on/],
    ['aws_verifiedpermissions_policy_store', { deletion_protection: 'ENABLED' }, /deletion_protection on/],
    ['aws_networkfirewall_firewall', { delete_protection: true }, /delete_protection on/],
    ['aws_emr_cluster', { termination_protection: true }, /termination_protection on/],
    ['aws_instance', { disable_api_termination: true, force_destroy: false }, /disable_api_termination/],
    ['google_sql_database_instance', { deletion_protection: true }, /deletion_protection on/],
    ['google_project', { deletion_policy: 'PREVENT' }, /PREVENT/],
    ['aws_autoscaling_group', { deletion_protection: 'prevent-all-deletion' }, /deletion_protection on/],
    [
      'google_firestore_database',
      { delete_protection_state: 'DELETE_PROTECTION_ENABLED' },
      /delete_protection_state on/,
    ],
    ['mongodbatlas_advanced_cluster', { termination_protection_enabled: true }, /termination_protection_enabled on/],
    [
      'google_sql_database_instance',
      { deletion_protection: false, settings: [{ deletion_protection_enabled: true }] },
      /deletion_protection_enabled on/,
    ],
  ])('for %s with %p', (type, after, why) => {
    const { verdict, violations, whys } = judge([created(type, after, { module: 'module.x["a.b"]' })]);
    expect([verdict, violations]).toEqual(['block', [never(`module.x["a.b"].${type}.this`)]]);
    expect(whys).toEqual([expect.stringMatching(why)]);
    expect(whys[0]).toMatch(/ephemeral environments; otherwise this environment could never end$/);
  });

  test('for prevent_destroy, with the address of every object, the file and the line', () => {
    const object = (index?: number) =>
      created('terraform_data', {}, { name: 'db', ...(index !== undefined && { index }) });
    expect(judge([object(0), object(1)], [PREVENTED])).toMatchObject({
      verdict: 'block',
      violations: [never('terraform_data.db[0]'), never('terraform_data.db[1]')],
      whys: [expect.stringContaining('prevent_destroy = true (apps/web/dev1/main.tf:8)'), expect.anything()],
    });
  });

  test('for prevent_destroy in a module that is called more than once', () => {
    const inModule = (module: string) => created('terraform_data', {}, { name: 'db', module });
    const setting = { ...PREVENTED, address: 'module.data.terraform_data.db' };
    const { violations } = judge([inModule('module.data["a"]'), inModule('module.other')], [setting]);
    expect(violations).toEqual([never('module.data["a"].terraform_data.db')]);
  });

  test('for what OpenTofu would leave behind', () => {
    const { whys } = judge([created('terraform_data', {}, { name: 'db' })], [{ ...PREVENTED, setting: 'destroy' }]);
    expect(whys).toEqual([expect.stringContaining('destroy = false (apps/web/dev1/main.tf:8)')]);
  });
});

describe('a later plan is blocked', () => {
  const later = { ephemeral: { isFirst: false, undestroyed: [PREVENTED] } };
  const there = (after: object, actions = ['no-op']): ChangeParts => ({
    type: 'terraform_data',
    name: 'db',
    actions,
    before: after,
    after,
  });

  test('where an object that is there gets prevent_destroy or a protection', () => {
    expect(judge([there({})], [], later).violations).toEqual([never('terraform_data.db')]);
    const isProtected = {
      type: 'aws_lb',
      actions: ['update'],
      before: {},
      after: { enable_deletion_protection: true },
    };
    expect(judge([isProtected], [], later).violations).toEqual([never('aws_lb.this')]);
  });

  test('but not a destruction, nor a plan that deletes the object', () => {
    const gone = { ...there({}, ['delete']), after: null };
    expect(judge([gone], [], { ...later, operation: 'destroy', isDestruction: true }).verdict).toBe('allow');
    expect(judge([gone], [], later).verdict).toBe('allow');
  });
});

describe('nothing is blocked', () => {
  test.each([
    ['a protection that is off', 'aws_db_instance', { deletion_protection: false, skip_final_snapshot: true }, {}],
    ['what is known only after the apply', 'aws_lb', {}, { enable_deletion_protection: true }],
    ['an unknown name of the snapshot', 'aws_rds_cluster', {}, { final_snapshot_identifier: true }],
    ['a map with the name of an argument', 'aws_vpc', { tags: { deletion_protection: true } }, {}],
    ['a level that lets it end', 'aws_autoscaling_group', { deletion_protection: 'prevent-force-deletion' }, {}],
    [
      'what is known only after the apply in a block',
      'google_sql_database_instance',
      { settings: [{ tier: 'a', deletion_protection_enabled: true }] },
      { settings: [{ deletion_protection_enabled: true }] },
    ],
    [
      'a provider that takes the protection off',
      'aws_dsql_cluster',
      { deletion_protection_enabled: true, force_destroy: true },
      {},
    ],
    ['an instance of a provider without force_destroy', 'aws_instance', { disable_api_termination: true }, {}],
    ['an object that is only read', 'aws_lb', { enable_deletion_protection: true }, { mode: 'data' }],
  ])('for %s', (_, type, after, facts) => {
    const parts: ChangeParts = 'mode' in facts ? { mode: 'data', actions: ['read'] } : { unknown: facts };
    expect(judge([created(type, after, parts)]).verdict).toBe('allow');
  });

  test('for a block that has no object', () => {
    expect(judge([created('aws_vpc', {})], [PREVENTED]).verdict).toBe('allow');
  });

  test('in a regular environment', () => {
    const parts = [created('aws_lb', { enable_deletion_protection: true }), created('aws_s3_bucket', {})];
    const plan = planOf({ resource_changes: parts.map(change) });
    const { safeguards, notices } = analyse(plan, { stage: 'development', environment: 'dev1' });
    expect([safeguards.verdict, notices]).toEqual(['allow', []]);
  });
});

describe('a notice says what may keep the environment from ending', () => {
  test.each([
    ['aws_s3_bucket', { force_destroy: false }, /^aws_s3_bucket\.this does not have force_destroy = true, .* objects/],
    ['aws_ecr_repository', { force_delete: null }, /force_delete = true, .* images/],
    ['aws_route53_zone', {}, /records/],
    ['aws_iam_user', {}, /force_destroy/],
    ['aws_backup_vault', {}, /recovery points/],
    ['google_dns_managed_zone', { force_destroy: false }, /does not have force_destroy = true, so perhaps/],
    ['aws_db_instance', { skip_final_snapshot: false, final_snapshot_identifier: 'last' }, /leaves a final snapshot/],
  ])('for %s with %p', (type, after, notice) => {
    const { verdict, notices } = judge([created(type, after)]);
    expect([verdict, notices]).toEqual(['allow', [expect.stringMatching(notice)]]);
    expect(notices[0]).toMatch(/otherwise this environment may not end$/);
  });

  test('and not where it is set, or known only after the apply', () => {
    const { notices } = judge([
      created('aws_s3_bucket', { force_destroy: true }),
      created('aws_ecr_repository', {}, { unknown: { force_delete: true } }),
      created('google_dns_managed_zone', { force_destroy: true }),
      created('aws_instance', { force_destroy: false }),
    ]);
    expect(notices).toEqual([]);
  });

  test('for a prevent_destroy that has to be evaluated', () => {
    const { verdict, notices } = judge(
      [created('terraform_data', {}, { name: 'db' })],
      [{ ...PREVENTED, isLiteral: false }],
    );
    expect([verdict, notices]).toEqual([
      'allow',
      [expect.stringMatching(/has to be evaluated \(apps\/web\/dev1\/main\.tf:8\)/)],
    ]);
  });

  test('for a file that is not understood, once', () => {
    const unread = { ...PREVENTED, address: '*', isLiteral: false, isUnread: true } as const;
    const { verdict, notices } = judge([created('aws_vpc', {})], [unread, { ...unread, address: 'module.a.*' }]);
    expect([verdict, notices]).toEqual([
      'allow',
      [expect.stringMatching(/^apps\/web\/dev1\/main\.tf is not understood from line 8 on/)],
    ]);
  });

  test('in a list that ends', () => {
    const buckets = Array.from({ length: 25 }, (_, index) => created('aws_s3_bucket', {}, { index }));
    const { notices } = judge(buckets);
    expect([notices.length, notices.at(-1)]).toEqual([21, '5 more objects may keep this environment from ending']);
  });
});
