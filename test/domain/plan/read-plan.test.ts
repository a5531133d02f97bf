import { describe, expect, test } from '@jest/globals';
import { MOST_PLAN_BYTES, readPlan, UnreadablePlanError } from '../../../lambdas/domain/plan/read-plan.ts';
import { analyse, change, planOf, recordedPlan, recordedPlanText } from './plan-documents.ts';

const refusal = (input: unknown): string => {
  try {
    readPlan(input);
  } catch (error) {
    expect(error).toBeInstanceOf(UnreadablePlanError);
    expect((error as Error).message).not.toContain('\n');
    return (error as Error).message;
  }
  throw new Error('it was read');
};

describe('refuses, in one line that says why', () => {
  test.each<[string, unknown, string]>([
    ['an empty document', '', 'the document is empty'],
    ['something that is not JSON', 'Plan: 1 to add', 'not JSON: unexpected text at line 1, column 1'],
    ['a bad escape', '{"a": "\\x"}', 'an escape or a control character'],
    ['an error further down', '{\n  "a": 1,\n  "b": oops\n}', 'line 3, column 8'],
    [
      'the binary plan file',
      'PK\u0003\u0004abc',
      'this is a saved plan file; give the output of "terraform show -json" of it',
    ],
    [
      'the event stream',
      '{"@level":"info","@message":"x"}\n{"@level":"info"}',
      'this is the event stream of "terraform plan -json"',
    ],
    ['a list', [1, 2, 3], 'expected a JSON object, got a list of 3'],
    ['null', 'null', 'expected a JSON object, got null'],
    [
      'a state file',
      { version: 4, serial: 7, lineage: 'x', resources: [] },
      'this is a Terraform state file, not a plan',
    ],
    ['a state shown as JSON', { format_version: '1.0', values: { root_module: {} } }, 'of a state, not of a plan'],
    ['provider schemas', { format_version: '1.0', provider_schemas: {} }, 'providers schema'],
    ['any other document', { name: 'stagegate' }, 'format_version: expected a text like "1.2", got nothing'],
    [
      'a format of another major version',
      planOf({ format_version: '2.0' }),
      'format_version 2.0 is not supported, only 1.x is',
    ],
    ['a format from before 1.0', planOf({ format_version: '0.2' }), 'format_version 0.2 is not supported'],
    ['nothing but a version', { format_version: '1.2' }, 'it is no plan'],
    [
      'changes that are no list',
      planOf({ resource_changes: { a: 1 } }),
      'resource_changes: Invalid input: expected array, got an object with a',
    ],
    [
      'actions that are no texts',
      planOf({ resource_changes: [change(), { ...change(), change: { actions: 'create' } }] }),
      'resource_changes[1].change.actions: Invalid input: expected array, got a text of 6 characters',
    ],
    [
      'a change without actions',
      planOf({ resource_changes: [{ ...change(), change: { actions: [] } }] }),
      'resource_changes[0].change.actions',
    ],
  ])('%s', (_, input, message) => {
    expect(refusal(input)).toContain(message);
  });

  test('a truncated plan, wherever it was cut', () => {
    const text = recordedPlanText('15-terraform-data').trimEnd();
    for (let length = 1; length < text.length; length += 41)
      expect(refusal(text.slice(0, length))).toContain('truncated');
  });

  test('JSON with an error inside, at the place of the error', () => {
    const places: [string, string][] = [
      ['[1, 2,, 3]', 'column 7'],
      ['{"a" 1}', 'column 6'],
      ['{"a": 01}', 'column 7'],
      ['{"a": "x" "b": 1}', 'column 11'],
      ['{a: 1}', 'column 2'],
      ['{"a": [1, 2}', 'column 12'],
      ['{} {}', 'column 4'],
      ['{"a": "\\\\", b}', 'column 13'],
    ];
    for (const [text, place] of places)
      expect([text, refusal(text)]).toEqual([text, expect.stringContaining(`line 1, ${place}`)]);
  });

  test('more than 50 MB', () => {
    expect(refusal(new Uint8Array(MOST_PLAN_BYTES + 1))).toContain('(50 MB)');
  });

  test('values nested deeper than any plan', () => {
    let value: unknown = 'leaf';
    for (let depth = 0; depth < 50_000; depth++) value = { deeper: value };
    const plan = planOf({ resource_changes: [change({ before: {}, after: { value } })] });
    expect(() => analyse(plan)).toThrow(new UnreadablePlanError('reading plan: its values are nested too deeply'));
  });

  test('without quoting a value, which may be secret', () => {
    const plan = planOf({ resource_changes: [{ ...change(), change: { actions: 'hunter2-secret' } }] });
    expect(refusal(plan)).not.toContain('hunter2');
    expect(refusal('{"password": "hunter2-secret", oops}')).not.toContain('hunter2');
  });
});

describe('reads', () => {
  test('bytes with a byte order mark', () => {
    const bytes = new TextEncoder().encode(`\uFEFF${recordedPlanText('15-terraform-data')}`);
    expect(readPlan(bytes).plan.resource_changes).toHaveLength(6);
  });

  test('a refresh-only plan, which has no resource_changes at all', () => {
    const analysis = analyse(planOf({ resource_drift: [change({ before: { a: 1 }, after: { a: 2 } })] }));
    expect(analysis).toMatchObject({ hasChanges: true, resources: [] });
  });

  test('numbers that a double cannot hold, keeping them apart', () => {
    const plan = (id: string) =>
      JSON.stringify(planOf({ resource_changes: [change({ before: {}, after: { id: 'ID' } })] })).replace('"ID"', id);
    const digests = ['9007199254740993', '9007199254740992'].map((id) => analyse(plan(id)).changeDigest);
    expect(digests[0]).not.toBe(digests[1]);
  });
});

describe('says what it does not know', () => {
  test('keys of later versions, counted', () => {
    const plan = planOf({
      approvals: [],
      resource_changes: [
        { ...change(), weight: 1 },
        { ...change({ name: 'other' }), weight: 2, change: { actions: ['no-op'], mood: 'good' } },
      ],
    });
    expect(analyse(plan).notices).toEqual([
      'unknown plan key "approvals" was ignored',
      'unknown resource key "weight" was ignored (2 times)',
      'unknown change key "mood" was ignored',
    ]);
  });

  test('actions, reasons and modes; unknown actions block in every stage', () => {
    const plan = planOf({
      resource_changes: [
        change({ actions: ['teleport'] }),
        change({ name: 'old', actions: ['delete'], reason: 'delete_because_of_the_moon' }),
        change({ name: 'odd', mode: 'imaginary', actions: ['no-op'] }),
      ],
    });
    const { notices, safeguards, blastRadius, summary } = analyse(plan, { stage: 'development' });
    expect(notices).toEqual([
      'aws_instance.this: unknown actions ["teleport"]',
      'aws_instance.old: unknown action_reason "delete_because_of_the_moon"',
      'aws_instance.odd: unknown mode "imaginary"',
    ]);
    expect(safeguards.violations).toMatchObject([
      { address: 'aws_instance.this', rule: 'unknown-action', liftable: false },
    ]);
    expect(blastRadius.level).toBe('critical');
    expect(summary.destroy).toBe(1);
  });
});

/** Returns a recorded plan as OpenTofu would write it, which writes neither `applyable` nor `complete`. */
const asOpenTofu = (name: string): unknown => {
  const plan = JSON.parse(recordedPlanText(name).replaceAll('registry.terraform.io/', 'registry.opentofu.org/'));
  delete plan.applyable;
  delete plan.complete;
  return plan;
};

describe('a plan of OpenTofu', () => {
  test.each([
    ['01-create-web-app', true],
    ['02-no-changes', false],
    ['03-resize-database', true],
    ['08-outputs-only', true],
    ['09-moved-only', true],
    ['10-import-only', true],
    ['11-failing-check', false],
    ['17-resource-drift', true],
  ])('%s has changes: %s, told from what it would do', (name, hasChanges) => {
    expect(analyse(asOpenTofu(name))).toMatchObject({ hasChanges, complete: true, errored: false, notices: [] });
  });

  test('with an error has nothing to apply', () => {
    expect(analyse(asOpenTofu('12-errored-precondition'))).toMatchObject({
      hasChanges: false,
      complete: false,
      errored: true,
    });
  });

  test('forgetting an object is a change', () => {
    const plan = {
      ...planOf({ resource_changes: [change({ actions: ['forget'], before: { id: 'i-1' } })] }),
      applyable: undefined,
    };
    expect(analyse(plan, { engine: 'opentofu' })).toMatchObject({
      hasChanges: true,
      summary: { forget: 1, destroy: 0 },
    });
  });
});

describe('the flags', () => {
  test('a plan of an old Terraform that does not say whether it is complete counts as incomplete', () => {
    const { complete: _, applyable: __, ...plan } = recordedPlan('03-resize-database');
    const analysis = analyse({ ...plan, terraform_version: '1.5.7' });
    expect(analysis.complete).toBe(false);
    expect(analysis.notices).toHaveLength(1);
    expect(analysis.safeguards.verdict).toBe('block');
  });

  test('where exit code and plan contradict each other there are changes, and a notice', () => {
    const analysis = analyse(recordedPlan('03-resize-database'), { exitCode: 0 });
    expect(analysis.hasChanges).toBe(true);
    expect(analysis.notices).toEqual([
      'the exit code was 0 but the plan says applyable true; it is treated as having changes',
    ]);
  });

  test('a replacement that forgets the old object adds one and destroys none', () => {
    const plan = planOf({
      resource_changes: [
        change({ type: 'aws_s3_bucket', actions: ['create', 'forget'], before: { id: 'a' }, after: {} }),
      ],
    });
    const { summary, blastRadius, safeguards } = analyse(plan);
    expect(summary).toMatchObject({ add: 1, destroy: 0, replace: 1, forget: 1 });
    expect(blastRadius.statefulLosses).toEqual([]);
    expect(safeguards.verdict).toBe('allow');
  });

  test('an import that also updates counts twice; deleted data sources do not count at all', () => {
    const plan = planOf({
      resource_changes: [
        change({ importing: { id: 'i-1' }, before: { a: 1 }, after: { a: 2 } }),
        change({ mode: 'data', type: 'aws_ami', actions: ['delete'] }),
        change({ mode: 'data', type: 'aws_region', actions: ['read'] }),
      ],
    });
    expect(analyse(plan).summary).toMatchObject({ import: 1, change: 1, destroy: 0, read: 1 });
  });
});
