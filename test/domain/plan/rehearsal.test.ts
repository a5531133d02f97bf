import { describe, expect, test } from '@jest/globals';
import type { Analysis } from '../../../lambdas/domain/plan/analysis.ts';
import { changeSetOf } from '../../../lambdas/domain/plan/rehearsal/change-set.ts';
import { type PastApply, rehearse } from '../../../lambdas/domain/plan/rehearsal/rehearse.ts';
import { analyse, type ChangeParts, change, planOf } from './plan-documents.ts';

const DELETE_FIRST = { actions: ['delete', 'create'] };
const CREATE_FIRST = { actions: ['create', 'delete'] };
const CREATE = { actions: ['create'] };
const DELETE = { actions: ['delete'] };
const READ = { mode: 'data', actions: ['read'] };
const KEEP = { actions: ['no-op'] };

const analysisOf = (...changes: ChangeParts[]): Analysis => analyse(planOf({ resource_changes: changes.map(change) }));

const applied = (ending: PastApply['ending'], ...changes: ChangeParts[]): PastApply => ({
  ending,
  changes: changeSetOf(analysisOf(...changes)),
});

/** Compares a plan with applies in stage1 since release 4, all of which are known. */
const compare = (plan: ChangeParts[], applies: PastApply[], past: { appliesKnown?: boolean; since?: undefined } = {}) =>
  rehearse(analysisOf(...plan), { environment: 'stage1', since: 4, appliesKnown: true, ...past, applies });

/** Returns whether one change is rehearsed by one apply. */
const rehearses = (made: ChangeParts, planned: ChangeParts): boolean =>
  compare([planned], [applied('whole', made)])?.rehearsed === 1;

describe('a change is rehearsed', () => {
  test.each<[string, ChangeParts, ChangeParts, boolean]>([
    ['a creation by a creation', CREATE, CREATE, true],
    ['an update by an update', {}, {}, true],
    ['a deletion by a deletion', DELETE, DELETE, true],
    ['a replacement by a replacement', DELETE_FIRST, DELETE_FIRST, true],
    ['a replacement by one in the other order', CREATE_FIRST, DELETE_FIRST, true],
    ['a replacement by a creation', CREATE, DELETE_FIRST, false],
    ['a replacement by a deletion', DELETE, DELETE_FIRST, false],
    ['a replacement by an update', {}, DELETE_FIRST, false],
    ['a creation by a replacement', DELETE_FIRST, CREATE, false],
    ['a deletion by a replacement', DELETE_FIRST, DELETE, false],
    ['a replacement by one that leaves the old object alone', { actions: ['create', 'forget'] }, CREATE_FIRST, false],
    [
      'one that leaves the old object alone by its like',
      { actions: ['create', 'forget'] },
      { actions: ['create', 'forget'] },
      true,
    ],
    ['a deletion by a forget', { actions: ['forget'] }, DELETE, false],
    ['a forget by a deletion', DELETE, { actions: ['forget'] }, false],
    ['a forget by a forget', { actions: ['forget'] }, { actions: ['forget'] }, true],
    ['a deletion by the end of a deposed object', { ...DELETE, deposed: 'ab12' }, DELETE, false],
    [
      'the end of a deposed object by that of another',
      { ...DELETE, deposed: 'ab12' },
      { ...DELETE, deposed: 'cd34' },
      true,
    ],
    ['an unknown action by the same', { actions: ['melt'] }, { actions: ['melt'] }, false],
    ['something at another address', { name: 'other' }, {}, false],
    ['something in another module', { module: 'module.a' }, { module: 'module.b' }, false],
    ['something below the address', { module: 'module.a' }, {}, false],
    ['an update by a move', { ...KEEP, previous: 'aws_instance.old' }, {}, false],
  ])('%s: %j then %j', (_, made, planned, expected) => {
    expect(rehearses(made, planned)).toBe(expected);
  });

  test('by any of many applies, in whatever order they came', () => {
    const applies = [applied('whole', { name: 'a' }), applied('whole', { name: 'b' }), applied('whole', DELETE_FIRST)];
    expect(compare([{ name: 'b' }, { name: 'a' }, DELETE_FIRST], applies)).toMatchObject({ rehearsed: 3, of: 3 });
  });
});

describe('records only', () => {
  test.each<[string, ChangeParts]>([
    ['a read', READ],
    ['a move', { ...KEEP, previous: 'aws_instance.old' }],
    ['an import', { ...KEEP, importing: { id: 'i-1' } }],
  ])('%s is no change to rehearse', (_, records) => {
    expect(compare([records], [])).toBeUndefined();
    expect(compare([records, { name: 'other' }], [])).toMatchObject({ rehearsed: 0, of: 1 });
  });

  test('an update that moves too is rehearsed under its earlier address, with a note', () => {
    const moved = { name: 'new', previous: 'aws_instance.old' };
    expect(compare([moved], [applied('whole', { name: 'old' })])).toMatchObject({
      rehearsed: 1,
      noted: [{ address: 'aws_instance.new', action: 'update', note: 'under its earlier address' }],
    });
  });
});

describe('indexes', () => {
  test.each<[ChangeParts, ChangeParts]>([
    [{ index: 0 }, { index: 1 }],
    [{ index: 0 }, {}],
    [{}, { index: 'a.b["c"]' }],
    [{ module: 'module.a["x"]' }, { module: 'module.a["y"]', index: 3 }],
  ])('aside, a change counts with a note: %j then %j', (made, planned) => {
    const found = compare([planned], [applied('whole', made)]);
    expect(found).toMatchObject({ rehearsed: 1, of: 1, partly: 0, unrehearsed: [] });
    expect(found?.noted.map(({ note }) => note)).toEqual([expect.stringContaining('indexes aside')]);
  });

  test('that are the same need no note', () => {
    expect(compare([{ index: 1 }], [applied('whole', { index: 0 }, { index: 1 })])?.noted).toEqual([]);
  });

  test('that are hidden are not known to be the same', () => {
    const hidden = { index: '(sensitive)' };
    expect(compare([hidden], [applied('whole', hidden)])).toMatchObject({
      rehearsed: 1,
      noted: [{ note: expect.stringContaining('indexes aside') }],
    });
  });

  test('that an apply was too large to keep are told', () => {
    const many = Array.from({ length: 3000 }, (_, index) => ({ index: `tenant-${index}-${'x'.repeat(20)}` }));
    const large = applied('whole', ...many);
    expect(large.changes).toEqual({
      hasIndexes: false,
      actions: [{ action: 'update', addresses: ['aws_instance.this'] }],
    });
    const found = compare(many.slice(0, 1), [large]);
    expect(found).toMatchObject({ rehearsed: 1, noted: [{ note: expect.stringContaining('indexes aside') }] });
  });
});

describe('a failed apply', () => {
  test('rehearses partly: the change counts with a note', () => {
    expect(compare([{}, { name: 'b' }], [applied('partly', {}), applied('whole', { name: 'b' })])).toMatchObject({
      rehearsed: 2,
      partly: 1,
      noted: [{ address: 'aws_instance.this', note: expect.stringMatching(/^partly: the apply failed/) }],
    });
  });

  test('needs no note where a whole one has made the change, even with other indexes', () => {
    const applies = [applied('partly', { index: 1 }), applied('whole', { index: 0 })];
    const found = compare([{ index: 1 }], applies);
    expect(found).toMatchObject({ rehearsed: 1, partly: 0 });
    expect(found?.noted[0]?.note).not.toContain('partly');
  });
});

describe('why a change was not rehearsed', () => {
  const whyOf = (planned: ChangeParts, applies: PastApply[] = [], past: Parameters<typeof compare>[2] = {}) =>
    compare([planned], applies, past)?.unrehearsed.map(({ why }) => why);

  test('says since when, and what else was done to it', () => {
    expect(whyOf(DELETE_FIRST)).toEqual(['stage1 has not replaced it since it first applied release 4']);
    expect(whyOf(DELETE_FIRST, [], { since: undefined })).toEqual(['stage1 has not replaced it since it was made']);
    expect(whyOf(DELETE_FIRST, [applied('whole', CREATE), applied('whole', {})])).toEqual([
      'stage1 has not replaced it since it first applied release 4, only created it and updated it',
    ]);
  });

  test('names a forget and an unknown action as such', () => {
    expect(whyOf({ actions: ['forget'] })).toEqual([
      expect.stringContaining('a forget: Terraform no longer manages it'),
    ]);
    expect(whyOf({ actions: ['melt'] })).toEqual(['nobody knows what its actions do']);
  });

  test('names drift as such', () => {
    const analysis = {
      ...analysisOf({}, { name: 'gone', ...CREATE }, { name: 'other' }),
      drift: [
        { address: 'aws_instance.this', what: 'changed' as const, attributes: ['ami'] },
        { address: 'aws_instance.gone', what: 'deleted' as const, attributes: [] },
      ],
    };
    const past = { environment: 'stage1', since: 4, appliesKnown: true };
    const none = rehearse(analysis, { ...past, applies: [] });
    expect(none?.unrehearsed.map(({ why }) => why)).toEqual([
      expect.stringContaining('; it was changed outside of Terraform'),
      expect.not.stringContaining('outside of Terraform'),
      expect.stringContaining('; it was deleted outside of Terraform'),
    ]);
    const made = rehearse(analysis, { ...past, applies: [applied('whole', {})] });
    expect(made?.noted).toEqual([
      { address: 'aws_instance.this', action: 'update', note: 'it was changed outside of Terraform' },
    ]);
  });

  test('says that an apply is not known, or that some are missing', () => {
    expect(whyOf({}, [{ ending: 'whole' }])).toEqual([expect.stringContaining('not every apply there is known')]);
    expect(whyOf({}, [], { appliesKnown: false })).toEqual([expect.stringContaining('not every apply there is known')]);
    expect(whyOf({}, [applied('whole', CREATE)])).toEqual([expect.not.stringContaining('not every apply')]);
    expect(compare([{}], [{ ending: 'whole' }, applied('whole', {})])).toMatchObject({
      rehearsed: 1,
      appliesKnown: false,
    });
  });

  test('comes for those that destroy first, for twenty at most, with the number of the others', () => {
    const many = Array.from({ length: 25 }, (_, at) => ({ name: `n${at}`, ...CREATE }));
    const found = compare([...many, {}, { name: 'r', ...CREATE_FIRST }, { name: 'd', ...DELETE }], []);
    expect(found).toMatchObject({ rehearsed: 0, of: 28, moreUnrehearsed: 8 });
    expect(found?.unrehearsed).toHaveLength(20);
    expect(found?.unrehearsed.slice(0, 4).map(({ action }) => action)).toEqual([
      'delete',
      'replace',
      'update',
      'create',
    ]);
  });

  test('stays small, however long addresses are', () => {
    const many = Array.from({ length: 100 }, (_, at) => ({ name: 'n', index: `${at}${'🚀'.repeat(5000)}` }));
    const found = [compare(many, []), compare(many, [applied('partly', { name: 'n' })])];
    for (const each of found) expect(Buffer.byteLength(JSON.stringify(each))).toBeLessThan(40_000);
    expect(found[1]).toMatchObject({ rehearsed: 100, partly: 100, moreNoted: 90 });
  });
});

describe('what an apply will do', () => {
  test('is kept in 100 KB, or not at all', () => {
    const many = Array.from({ length: 6000 }, (_, at) => ({ name: `resource_${at}` }));
    expect(changeSetOf(analysisOf(...many))).toBeUndefined();
    expect(JSON.stringify(changeSetOf(analysisOf(...many.slice(0, 3000)))).length).toBeLessThanOrEqual(100_000);
  });

  test('is kept once for each address and action', () => {
    const plan = analysisOf({ ...DELETE, deposed: 'a' }, { ...DELETE, deposed: 'b' }, DELETE, READ, {
      name: 'c',
      ...CREATE,
    });
    expect(changeSetOf(plan)).toEqual({
      hasIndexes: true,
      actions: [
        { action: 'delete-deposed', addresses: ['aws_instance.this'] },
        { action: 'delete', addresses: ['aws_instance.this'] },
        { action: 'create', addresses: ['aws_instance.c'] },
      ],
    });
  });

  test('keeps no secret that is the key of an instance', () => {
    const secret = 'k3y-of-tenant-"]["ä.b';
    const masked = { after: { token: secret }, afterMask: { token: true } };
    const plan = analysisOf({ index: secret, ...masked }, { module: `module.a[${JSON.stringify(secret)}]`, name: 'b' });
    const kept = JSON.stringify([changeSetOf(plan), compare([{ index: secret, ...masked }], [])]);
    expect(kept).not.toContain('k3y-of-tenant');
    expect(changeSetOf(plan)?.actions).toEqual([
      {
        action: 'update',
        addresses: ['aws_instance.this["(sensitive)"]', 'module.a["(sensitive)"].aws_instance.b'],
      },
    ]);
  });

  test.each(['a"]["b', 'a].b[', '\\', '%{"x"}', 'ключ.значение', ''])('finds the resource of any key: %j', (index) => {
    expect(rehearses({ index }, { index: 'other' })).toBe(true);
    expect(rehearses({ index, module: 'module.a["x.y"]' }, { name: 'other', module: 'module.a["x.y"]' })).toBe(false);
  });
});
