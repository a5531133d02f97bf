import { describe, expect, test } from '@jest/globals';
import type { AttributeChange } from '../../../lambdas/domain/plan/analysis-parts.ts';
import { analyse, type ChangeParts, change, planOf } from './plan-documents.ts';

const attributesOf = (parts: ChangeParts): AttributeChange[] =>
  analyse(planOf({ resource_changes: [change(parts)] })).resources[0]?.attributes ?? [];

describe('an update shows what differs', () => {
  test('at the place where it differs, however deep', () => {
    expect(
      attributesOf({
        before: { size: 1, same: 'x', tags: { a: '1', 'b c': '2' }, rule: [{ port: 80, hosts: ['a'] }] },
        after: { size: 2, same: 'x', tags: { a: '1', 'b c': '3', d: '4' }, rule: [{ port: 81, hosts: ['a', 'b'] }] },
      }),
    ).toEqual([
      { path: 'rule[0].hosts[1]', after: 'b' },
      { path: 'rule[0].port', before: 80, after: 81 },
      { path: 'size', before: 1, after: 2 },
      { path: 'tags["b c"]', before: '2', after: '3' },
      { path: 'tags.d', after: '4' },
    ]);
  });

  test('of a set only the elements that came and went', () => {
    expect(attributesOf({ before: { ids: ['a', 'b', 'c'] }, after: { ids: ['d', 'c', 'a'] } })).toEqual([
      { path: 'ids[1]', before: 'b' },
      { path: 'ids[0]', after: 'd' },
    ]);
  });

  test('of a list in another order both orders', () => {
    expect(attributesOf({ before: { ids: ['a', 'b'] }, after: { ids: ['b', 'a'] } })).toEqual([
      { path: 'ids', before: ['a', 'b'], after: ['b', 'a'] },
    ]);
  });

  test('inside JSON texts, ignoring their layout', () => {
    const policy = (action: string, indent: number) =>
      JSON.stringify({ Statement: [{ Action: [action], Effect: 'Allow' }] }, null, indent);
    expect(
      attributesOf({
        before: { policy: policy('s3:Get*', 0), other: policy('a', 0) },
        after: { policy: policy('s3:*', 2), other: policy('a', 2) },
      }),
    ).toEqual([
      { path: 'policy.Statement[0].Action[0]', before: 's3:Get*' },
      { path: 'policy.Statement[0].Action[0]', after: 's3:*' },
    ]);
  });

  test('what is known only after the apply', () => {
    expect(
      attributesOf({
        before: { arn: 'old', list: ['a'], block: [{ id: 1, name: 'x' }] },
        after: { list: ['a', null], block: [{ name: 'x' }] },
        unknown: { arn: true, list: [false, true], block: [{ id: true }] },
      }),
    ).toEqual([
      { path: 'arn', before: 'old', unknown: true },
      { path: 'block[0].id', before: 1, unknown: true },
      { path: 'list[1]', unknown: true },
    ]);
  });

  test('not the difference between two ways of saying nothing', () => {
    expect(
      attributesOf({ before: { a: '', b: [], c: null, d: {} }, after: { a: null, b: null, c: '', d: null } }),
    ).toEqual([]);
  });

  test('hidden where a side is sensitive, also when only one is', () => {
    expect(
      attributesOf({ before: { a: 'open-before' }, after: { a: 'closed-after' }, afterMask: { a: true } }),
    ).toEqual([{ path: 'a', before: '(sensitive)', after: '(sensitive)', sensitive: true }]);
  });

  test('nothing for a sensitive value that stays', () => {
    expect(
      attributesOf({
        before: { a: 'x', b: 1 },
        after: { a: 'x', b: 2 },
        beforeMask: { a: true },
        afterMask: { a: true },
      }),
    ).toEqual([{ path: 'b', before: 1, after: 2 }]);
  });
});

describe('a created or deleted object', () => {
  test('lists what is set, and what will be', () => {
    expect(
      attributesOf({ actions: ['create'], after: { name: 'x', tags: {}, port: 0 }, unknown: { arn: true, tags: {} } }),
    ).toEqual([
      { path: 'name', after: 'x' },
      { path: 'port', after: 0 },
      { path: 'arn', unknown: true },
    ]);
    expect(attributesOf({ actions: ['delete'], before: { name: 'x', note: '' } })).toEqual([
      { path: 'name', before: 'x' },
    ]);
  });
});

describe('a replaced object', () => {
  test('tells first what forces the replacement', () => {
    const planned = change({
      actions: ['delete', 'create'],
      before: { a: 1, zone: 'a', arn: 'x', filled: false },
      after: { a: 2, zone: 'b' },
      unknown: { arn: true },
    });
    (planned.change as Record<string, unknown>).replace_paths = [['zone']];
    expect(analyse(planOf({ resource_changes: [planned] })).resources[0]?.attributes).toEqual([
      { path: 'zone', before: 'a', after: 'b', forcesReplacement: true },
      { path: 'a', before: 1, after: 2 },
      { path: 'arn', before: 'x', unknown: true },
    ]);
  });
});

describe('very much to show', () => {
  test('long values are cut after redaction, and say how long they are', () => {
    const [only] = attributesOf({ before: { text: 'a' }, after: { text: 'b'.repeat(5000) } });
    expect(only?.after).toMatch(/^b{600}… \(5000 characters\)$/);
  });

  test('the rest is counted', () => {
    const many = (value: number) => Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`key${at}`, value]));
    const [resource] = analyse(planOf({ resource_changes: [change({ before: many(1), after: many(2) })] })).resources;
    expect(resource?.attributes).toHaveLength(120);
    expect(resource?.moreAttributes).toBe(380);
  });
});
