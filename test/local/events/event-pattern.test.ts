import { describe, expect, test } from '@jest/globals';
import { compileEventPattern } from '../../../local/services/events/event-pattern.ts';

const event = {
  source: 'stagegate',
  'detail-type': 'DeploymentSucceeded',
  resources: ['arn:a', 'arn:b'],
  detail: {
    stage: 'development',
    release: 7,
    forced: false,
    note: null,
    empty: '',
    tags: ['x', 'y'],
    target: { environment: 'dev1', region: 'eu-west-1' },
    steps: [
      { name: 'plan', seconds: 3 },
      { name: 'apply', seconds: 30 },
    ],
  },
};

describe('an event pattern', () => {
  test.each<[title: string, pattern: object, matches: boolean]>([
    ['matches an exact value', { source: ['stagegate'] }, true],
    ['is case-sensitive', { source: ['Stagegate'] }, false],
    ['takes any of its values', { source: ['other', 'stagegate'] }, true],
    ['wants all of its fields', { source: ['stagegate'], 'detail-type': ['DeploymentFailed'] }, false],
    ['matches any item of a list', { resources: ['arn:b'] }, true],
    ['misses what no item is', { resources: ['arn:c'] }, false],
    ['looks into nested objects', { detail: { target: { environment: ['dev1'] } } }, true],
    ['misses an absent field', { detail: { missing: ['x'] } }, false],
    ['misses below an absent object', { detail: { missing: { deep: ['x'] } } }, false],
    ['knows numbers', { detail: { release: [7] } }, true],
    ['keeps numbers and texts apart', { detail: { release: ['7'] } }, false],
    ['knows booleans', { detail: { forced: [false] } }, true],
    ['knows null', { detail: { note: [null] } }, true],
    ['knows the empty text', { detail: { empty: [''] } }, true],
    ['prefix', { detail: { stage: [{ prefix: 'dev' }] } }, true],
    ['prefix, otherwise', { detail: { stage: [{ prefix: 'prod' }] } }, false],
    ['prefix whatever the case', { detail: { stage: [{ prefix: { 'equals-ignore-case': 'DEV' } }] } }, true],
    ['suffix', { detail: { stage: [{ suffix: 'ment' }] } }, true],
    ['suffix, otherwise', { detail: { stage: [{ suffix: 'dev' }] } }, false],
    ['equals-ignore-case', { detail: { stage: [{ 'equals-ignore-case': 'DEVELOPMENT' }] } }, true],
    ['wildcard', { detail: { stage: [{ wildcard: 'd*v*ment' }] } }, true],
    ['wildcard, otherwise', { detail: { stage: [{ wildcard: 'd*v' }] } }, false],
    ['wildcard with a star of its own', { detail: { stage: [{ wildcard: 'dev\\*' }] } }, false],
    ['anything-but', { detail: { stage: [{ 'anything-but': 'production' }] } }, true],
    ['anything-but, otherwise', { detail: { stage: [{ 'anything-but': 'development' }] } }, false],
    ['anything-but a list', { detail: { stage: [{ 'anything-but': ['staging', 'development'] }] } }, false],
    ['anything-but a number', { detail: { release: [{ 'anything-but': 8 }] } }, true],
    ['anything-but a prefix', { detail: { stage: [{ 'anything-but': { prefix: 'dev' } }] } }, false],
    ['anything-but several suffixes', { detail: { stage: [{ 'anything-but': { suffix: ['x', 'ment'] } }] } }, false],
    ['anything-but, for an absent field', { detail: { missing: [{ 'anything-but': 'x' }] } }, false],
    ['exists', { detail: { stage: [{ exists: true }] } }, true],
    ['exists, for null', { detail: { note: [{ exists: true }] } }, true],
    ['exists, otherwise', { detail: { missing: [{ exists: true }] } }, false],
    ['exists, for an object, which is no leaf', { detail: { target: [{ exists: true }] } }, false],
    ['absent', { detail: { missing: [{ exists: false }] } }, true],
    ['absent below an absent object', { detail: { missing: { deep: [{ exists: false }] } } }, true],
    ['absent, otherwise', { detail: { stage: [{ exists: false }] } }, false],
    ['absent or a value', { detail: { stage: [{ exists: false }, 'development'] } }, true],
    ['numeric =', { detail: { release: [{ numeric: ['=', 7] }] } }, true],
    ['numeric range', { detail: { release: [{ numeric: ['>', 0, '<=', 7] }] } }, true],
    ['numeric range, otherwise', { detail: { release: [{ numeric: ['>=', 0, '<', 7] }] } }, false],
    ['numeric, for a text', { detail: { stage: [{ numeric: ['>', 0] }] } }, false],
    ['$or', { $or: [{ source: ['other'] }, { detail: { release: [7] } }] }, true],
    ['$or, otherwise', { $or: [{ source: ['other'] }, { detail: { release: [8] } }] }, false],
    ['$or beside a field', { source: ['other'], $or: [{ source: ['stagegate'] }, { source: ['x'] }] }, false],
    ['$or inside an object', { detail: { $or: [{ stage: ['x'] }, { release: [7] }] } }, true],
    ['one object of a list as a whole', { detail: { steps: { name: ['apply'], seconds: [30] } } }, true],
    ['no mixture of the objects of a list', { detail: { steps: { name: ['plan'], seconds: [30] } } }, false],
  ])('%s', (_title, pattern, matches) => {
    expect(compileEventPattern(pattern)(event)).toBe(matches);
  });

  test.each<[title: string, pattern: unknown, message: string]>([
    [
      'an unknown operator',
      { a: [{ cidr: '10.0.0.0/8' }] },
      'the event pattern.a: the operator "cidr" is not supported',
    ],
    [
      'an unknown exclusion',
      { a: [{ 'anything-but': { numeric: ['>', 1] } }] },
      'anything-but "numeric" is not supported',
    ],
    ['a value outside a list', { a: 'x' }, 'the event pattern.a is no object with fields'],
    ['an empty list', { a: [] }, 'the event pattern.a lists no values'],
    ['an empty pattern', {}, 'the event pattern is no object with fields'],
    ['two operators in one', { a: [{ prefix: 'x', suffix: 'y' }] }, 'is no matcher'],
    ['one alternative only', { $or: [{ a: ['x'] }] }, '$or needs two or more patterns'],
    ['half a comparison', { a: [{ numeric: ['>'] }] }, 'does not alternate operators and numbers'],
  ])('is refused for %s', (_title, pattern, message) => {
    expect(() => compileEventPattern(pattern)).toThrow(message);
  });
});
