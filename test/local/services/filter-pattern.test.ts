import { describe, expect, test } from '@jest/globals';
import { readFilterPattern } from '../../../local/services/logs/filter-pattern.ts';

describe('a filter pattern', () => {
  test.each([
    ['{ $.status = "429" }', { status: '429' }, true],
    ['{ $.status = "429" }', { status: '4290' }, false],
    ['{ $.status = "429" }', { other: '429' }, false],
    ['{ $.status = "5*" }', { status: '503' }, true],
    ['{ $.status = "5*" }', { status: '450' }, false],
    ['{ $.status != "2*" }', { status: '404' }, true],
    ['{ $.status != "2*" }', {}, false],
    ['{ $.a.b = "x" }', { a: { b: 'x' } }, true],
    ['{ $.a.b = "x" }', { a: 'x' }, false],
    ['{ $.a = "1.0" }', { a: '1x0' }, false],
    ['{ ($.a = "x") && ($.b = "y") }', { a: 'x', b: 'y' }, true],
    ['{ ($.a = "x") && ($.b = "y") }', { a: 'x' }, false],
    ['{ ($.a = "x") && (($.b = "y") || ($.b = "z")) }', { a: 'x', b: 'z' }, true],
    ['{ $.a = "x" || $.b = "y" && $.c = "z" }', { a: 'x' }, true],
  ])('%s of %j: %s', (pattern, line, matches) => {
    expect(readFilterPattern(pattern)(JSON.stringify(line))).toBe(matches);
  });

  test.each(['no JSON', '"text"', '[]', 'null'])('matches no line such as %s', (line) => {
    expect(readFilterPattern('{ $.status = "*" }')(line)).toBe(false);
  });

  test.each([
    'ERROR',
    '{ $.latency > 5 }',
    '{ $.status = 429 }',
    '{ $.status IS NULL }',
    '{ ($.a = "x" }',
    '{ $.a = "x") }',
    '[ip, user, status = 4*]',
  ])('%s is refused by name: the local cloud does not know it', (pattern) => {
    expect(() => readFilterPattern(pattern)).toThrow('is not supported by the local cloud');
  });
});
