import { describe, expect, test } from '@jest/globals';
import {
  difference,
  moment,
  nameOf,
  operationInWords,
  statusInBrief,
  statusInWords,
  timeLeft,
} from '../../lambdas/pages/parts/words.ts';
import { aDeployment, aPlanned } from '../harness/builders.ts';

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

test.each([
  ['2026-11-30T10:00:00.000Z', '7 days left'],
  ['2026-11-24T10:00:00.000Z', '1 day left'],
  ['2026-11-24T09:59:59.000Z', '23 hours left'],
  ['2026-11-23T10:30:00.000Z', '30 minutes left'],
  ['2026-11-23T10:00:20.000Z', '1 minute left'],
  ['2026-11-23T10:00:00.000Z', undefined],
])('until %s there is %s', (until, left) => {
  expect(timeLeft('2026-11-23T10:00:00.000Z', until)).toBe(left);
});

describe('a success without changes', () => {
  const passed = { planned: aPlanned({ hasChanges: false }) };

  test('is called passed through, and not succeeded', () => {
    const deployment = aDeployment('succeeded', passed);
    expect(statusInBrief(deployment)).toBe('Passed through');
    expect(statusInWords(deployment)).toBe('The deployment passed through: there was nothing left to change.');
  });

  test.each([
    ['with changes', aDeployment('succeeded', { planned: aPlanned() })],
    ['that destroys', aDeployment('succeeded', { ...passed, operation: 'destroy' })],
  ])('is not one %s', (_, deployment) => {
    expect([statusInBrief(deployment), statusInWords(deployment)]).toEqual(['Succeeded', 'The deployment succeeded.']);
  });

  test('is not one that did not succeed', () => {
    expect(statusInBrief(aDeployment('failed', passed))).toBe('Failed');
  });
});
