import { describe, expect, test } from '@jest/globals';
import { canBecome, isTerminal, STATUSES } from '../../../lambdas/domain/model/deployment.ts';
import {
  endUnsuccessfully,
  fail,
  startApplying,
  startAwaitingApproval,
  startPlanning,
  succeed,
} from '../../../lambdas/domain/model/deployment-transitions.ts';
import { aDeployment, aPlanned, NOW } from '../../harness/builders.ts';

const ALLOWED = new Set([
  'queued -> planning',
  'queued -> canceled',
  'queued -> superseded',
  'planning -> awaiting_approval',
  'planning -> applying',
  'planning -> succeeded',
  'planning -> canceled',
  'planning -> superseded',
  'planning -> blocked',
  'planning -> failed',
  'awaiting_approval -> planning',
  'awaiting_approval -> applying',
  'awaiting_approval -> rejected',
  'awaiting_approval -> expired',
  'awaiting_approval -> canceled',
  'awaiting_approval -> superseded',
  'awaiting_approval -> blocked',
  'awaiting_approval -> failed',
  'applying -> planning',
  'applying -> succeeded',
  'applying -> failed',
]);
const pairs = STATUSES.flatMap((from) => STATUSES.map((to) => [from, to] as const));

describe('the transition table', () => {
  test.each(pairs)('%s -> %s is allowed exactly where the rules say so', (from, to) => {
    expect(canBecome(from, to)).toBe(ALLOWED.has(`${from} -> ${to}`));
  });

  test('nothing leaves an ended deployment', () => {
    expect(STATUSES.filter(isTerminal)).toEqual([
      ...['succeeded', 'rejected', 'expired', 'canceled', 'superseded', 'blocked', 'failed'],
    ]);
  });

  const ERROR = { reason: 'r', message: 'm' };
  const moves = {
    planning: (from) => startPlanning(aDeployment(from), NOW),
    awaiting_approval: (from) => startAwaitingApproval(aDeployment(from) as never, aPlanned()),
    applying: (from) => startApplying(aDeployment(from) as never, aPlanned(), NOW),
    succeeded: (from) => succeed({ ...aDeployment(from), planned: aPlanned({ hasChanges: false }) } as never, NOW),
    failed: (from) => fail(aDeployment(from), ERROR, 'no', NOW),
    rejected: (from) => endUnsuccessfully(aDeployment(from), 'rejected', ERROR, NOW),
    expired: (from) => endUnsuccessfully(aDeployment(from), 'expired', ERROR, NOW),
    canceled: (from) => endUnsuccessfully(aDeployment(from), 'canceled', ERROR, NOW),
    superseded: (from) => endUnsuccessfully(aDeployment(from), 'superseded', ERROR, NOW),
    blocked: (from) => endUnsuccessfully(aDeployment(from), 'blocked', ERROR, NOW),
  } satisfies Record<string, (from: (typeof STATUSES)[number]) => { status: string }>;
  const tried = pairs.flatMap(([from, to]) => (to in moves ? [[from, to as keyof typeof moves] as const] : []));

  test.each(tried)('a deployment goes from %s to %s only along it', (from, to) => {
    if (canBecome(from, to)) expect(moves[to](from).status).toBe(to);
    else expect(() => moves[to](from)).toThrow(`is ${from} and cannot become ${to}`);
  });

  test('a planned change that was never applied is no success', () => {
    expect(() => succeed(aDeployment('planning', { planned: aPlanned({ hasChanges: true }) }), NOW)).toThrow(
      'changes that were not applied',
    );
    expect(succeed(aDeployment('planning', { planned: aPlanned({ hasChanges: false }) }), NOW).status).toBe(
      'succeeded',
    );
    expect(succeed(aDeployment('applying', { planned: aPlanned({ hasChanges: true }) }), NOW).status).toBe('succeeded');
  });
});
