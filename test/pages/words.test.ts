import { describe, expect, test } from '@jest/globals';
import { difference, moment, nameOf, operationInWords } from '../../lambdas/pages/words.ts';

describe('a caller is called', () => {
  test.each([
    ['by the address it is registered with', { principal: 'x', approver: 'jane@example.com' }, 'jane@example.com'],
    ['by session and role', { principal: 'arn:aws:sts::1:assumed-role/Admins/ada' }, 'ada (role Admins)'],
    ['by the name of the user', { principal: 'arn:aws:iam::1:user/team/bob' }, 'bob'],
    ['a push, where one asked by itself', { principal: 'push' }, 'A push'],
    ['a promotion, likewise', { principal: 'promotion of my-app-dev1-1-abcdef' }, 'The automatic promotion'],
    ['as it is, where AWS knows no name', { principal: 'admin@local' }, 'admin@local'],
  ])('%s', (_, requester, name) => expect(nameOf(requester)).toBe(name));
});

test('amounts have their sign, moments their zone, operations their verb', () => {
  expect([difference(3, 'USD'), difference(-3, 'USD'), difference(0, 'USD')]).toEqual(['+$3.00', '-$3.00', '$0.00']);
  expect(moment('2026-11-23T10:00:00.000Z')).toBe('23 Nov 2026, 10:00 UTC');
  expect(operationInWords('rollback', 'release 3', 'prod1')).toBe('roll prod1 back to release 3');
});
