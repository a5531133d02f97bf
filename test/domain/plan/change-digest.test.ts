import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { analyse, block, change, planOf, recordedPlan } from './plan-documents.ts';

const digestOf = (plan: unknown, digestKey?: string): string => analyse(plan, { digestKey }).changeDigest;

const RECORDED = [
  '01-create-web-app',
  '03-resize-database',
  '04-replace-database',
  '05-destroy-everything',
  '06-remove-bucket-and-tighten',
  '08-outputs-only',
  '09-moved-only',
  '10-import-only',
  '13-sensitive-values',
  '14-count-shrinks',
  '15-terraform-data',
  '17-resource-drift',
  '18-module-version-upgrade',
];

/** Returns the same document with its keys in another order, at every depth. */
function reordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reordered);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, item]) => [key, reordered(item)]),
  );
}

/** Returns a plan of the same change as it is some minutes later. */
// biome-ignore lint/suspicious/noExplicitAny: tests reach into the document freely
function plannedAgain(plan: any): unknown {
  const text = JSON.stringify(plan, (key, value) =>
    key === 'latest_restorable_time' && typeof value === 'string' ? '2026-11-24T10:20:30Z' : value,
  );
  const again = JSON.parse(text);
  again.timestamp = '2026-11-24T10:21:00Z';
  again.terraform_version = '1.11.5';
  again.resource_changes?.reverse();
  delete again.resource_drift;
  return reordered(again);
}

describe('the digest is equal for plans that would do the same', () => {
  test.each(RECORDED)('%s, planned again later', (name) => {
    expect(digestOf(plannedAgain(recordedPlan(name)))).toBe(digestOf(recordedPlan(name)));
  });

  test('an unchanged attribute that moved meanwhile does not matter, the object it belongs to does', () => {
    const plan = (id: string, running: number) =>
      planOf({ resource_changes: [change({ before: { id, tags: 'a', running }, after: { id, tags: 'b', running } })] });
    expect(digestOf(plan('i-1', 3))).toBe(digestOf(plan('i-1', 7)));
    expect(digestOf(plan('i-1', 3))).not.toBe(digestOf(plan('i-2', 3)));
  });

  test('objects that are not touched do not matter', () => {
    const untouched = change({ name: 'other', actions: ['no-op'], before: { a: 1 }, after: { a: 1 } });
    const touched = change({ before: { a: 1 }, after: { a: 2 } });
    expect(digestOf(planOf({ resource_changes: [touched, untouched] }))).toBe(
      digestOf(planOf({ resource_changes: [touched] })),
    );
  });

  test('the reason Terraform gives does not matter', () => {
    const plan = (reason: string) =>
      planOf({
        resource_changes: [change({ actions: ['delete', 'create'], before: { a: 1 }, after: { a: 1 }, reason })],
      });
    expect(digestOf(plan('replace_because_tainted'))).toBe(digestOf(plan('replace_by_request')));
  });
});

describe('the digest differs for any difference', () => {
  const base = {
    actions: ['update'],
    before: { id: 'i-1', size: 'small', note: 'x' },
    after: { id: 'i-1', size: 'large', note: 'x' },
  };
  const plan = (parts: Parameters<typeof change>[0]) => planOf({ resource_changes: [change({ ...base, ...parts })] });
  const before = digestOf(plan({}));

  test.each<[string, unknown]>([
    ['in the action', plan({ actions: ['delete', 'create'] })],
    ['in the order of a replacement', plan({ actions: ['create', 'delete'] })],
    ['in the address', plan({ name: 'other' })],
    ['in the key of an instance', plan({ index: 0 })],
    ['in the value after', plan({ after: { ...base.after, size: 'larger' } })],
    ['in the value before', plan({ before: { ...base.before, size: 'tiny' } })],
    ['in the type of a value', plan({ after: { ...base.after, size: 5 } })],
    ['between a number and its text', plan({ after: { ...base.after, size: '5' } })],
    ['in what is unknown', plan({ after: { id: 'i-1', note: 'x' }, unknown: { size: true } })],
    ['in what is sensitive', plan({ afterMask: { size: true } })],
    ['in the object that is deposed', plan({ deposed: 'abcd1234' })],
    ['in where it was moved from', plan({ previous: 'aws_instance.before' })],
    ['in what is imported', plan({ importing: { id: 'i-9' } })],
    ['in a further change', planOf({ resource_changes: [change(base), change({ name: 'second', ...base })] })],
    [
      'in an output',
      planOf({
        resource_changes: [change(base)],
        output_changes: { url: { actions: ['create'], before: null, after: 'x' } },
      }),
    ],
    [
      'in an action to invoke',
      planOf({ resource_changes: [change(base)], action_invocations: [{ address: 'action.aws_lambda_invoke.x' }] }),
    ],
    [
      'in what a provisioner runs',
      planOf({
        resource_changes: [change(base)],
        configuration: {
          root_module: {
            resources: [
              block('aws_instance', 'this', {
                provisioners: [{ type: 'local-exec', expressions: { command: { constant_value: 'rm -rf /' } } }],
              }),
            ],
          },
        },
      }),
    ],
    [
      'in the region the provider works in',
      planOf({
        resource_changes: [change(base)],
        configuration: {
          provider_config: { aws: { expressions: { region: { constant_value: 'eu-west-1' } } } },
          root_module: {},
        },
      }),
    ],
  ])('%s', (_, other) => {
    expect(digestOf(other)).not.toBe(before);
  });

  test('in a variable that a provider uses', () => {
    const using = (account: string) =>
      planOf({
        variables: { account: { value: account } },
        resource_changes: [change(base)],
        configuration: {
          provider_config: { aws: { expressions: { account: { references: ['var.account'] } } } },
          root_module: {},
        },
      });
    expect(digestOf(using('1'))).not.toBe(digestOf(using('2')));
  });

  test.each([
    ['a list without and with an empty object', [], [{}]],
    ['a field in an object and beside it', { a: { b: 1, c: 2 } }, { a: { b: 1 }, c: 2 }],
    ['nothing and an empty object', null, {}],
    ['a text and what it looks like', '{}', {}],
  ])('between %s', (_, one, other) => {
    const digests = [one, other].map((value) => digestOf(plan({ before: {}, after: { id: 'i-1', value } })));
    expect(digests[0]).not.toBe(digests[1]);
  });

  test('any two plans that give an attribute different values', () => {
    const value = fc.jsonValue({ maxDepth: 3 });
    return fc.assert(
      fc.property(value, value, (one, other) => {
        const digests = [one, other].map((after) => digestOf(plan({ before: {}, after: { id: 'i-1', after } })));
        expect(digests[0] === digests[1]).toBe(
          JSON.stringify(sorted(one) ?? null) === JSON.stringify(sorted(other) ?? null),
        );
      }),
      { seed: 20261129, numRuns: 300 },
    );
  });

  test('the order of keys never matters, the order of a list does', () => {
    return fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 })), (after) => {
        expect(digestOf(plan({ after: reordered(after) }))).toBe(digestOf(plan({ after })));
      }),
      { seed: 20261129, numRuns: 100 },
    );
  });

  test('every changed attribute of a recorded plan counts', () => {
    const original = recordedPlan('06-remove-bucket-and-tighten');
    const digest = digestOf(original);
    for (const [at, { change: planned }] of original.resource_changes.entries()) {
      if (planned.actions[0] === 'no-op' || planned.after === null) continue;
      for (const key of Object.keys(planned.after)) {
        const altered = recordedPlan('06-remove-bucket-and-tighten');
        altered.resource_changes[at].change.after[key] = 'something else';
        expect([key, digestOf(altered)]).not.toEqual([key, digest]);
      }
    }
  });
});

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const record = value as Record<string, unknown>;
  return Object.fromEntries(
    Object.keys(record)
      .sort()
      .map((key) => [key, sorted(record[key])]),
  );
}

describe('sensitive values in the digest', () => {
  const plan = (pin: string, mask: boolean) =>
    planOf({
      resource_changes: [
        change({ before: { pin: '0000' }, after: { pin }, beforeMask: { pin: mask }, afterMask: { pin: mask } }),
      ],
    });

  test('count', () => {
    expect(digestOf(plan('1234', true), 'key')).not.toBe(digestOf(plan('1235', true), 'key'));
  });

  test('cannot be tried out without the key', () => {
    const published = digestOf(plan('1234', true), 'a secret of the environment');
    const guesses = Array.from({ length: 2000 }, (_, pin) => digestOf(plan(String(pin).padStart(4, '0'), true)));
    expect(guesses).not.toContain(published);
  });

  test('copies that no mask covers are keyed too', () => {
    const copied = (secret: string) =>
      planOf({
        resource_changes: [
          change({
            before: { password: 'old-secret' },
            after: { password: secret },
            afterMask: { password: true },
            beforeMask: { password: true },
          }),
          change({ name: 'copy', before: { note: '' }, after: { note: `uses ${secret}` } }),
        ],
      });
    expect(digestOf(copied('new-secret'), 'one key')).not.toBe(digestOf(copied('new-secret'), 'another key'));
  });

  test('a plan without any has the same digest under every key, so that anybody can recompute it', () => {
    expect(digestOf(plan('1234', false), 'one key')).toBe(digestOf(plan('1234', false)));
    expect(digestOf(recordedPlan('15-terraform-data'), 'one key')).toBe(digestOf(recordedPlan('15-terraform-data')));
  });
});
