import { describe, expect, test } from '@jest/globals';
import { countEnding } from '../../../../lambdas/domain/model/delivery/count-ending.ts';
import { DAYS_KEPT, type Delivery, MOST_PER_DAY } from '../../../../lambdas/domain/model/delivery/delivery.ts';
import { figuresOf } from '../../../../lambdas/domain/model/delivery/figures.ts';
import type { Deployment } from '../../../../lambdas/domain/model/deployment.ts';
import { aDeployment, aPlanned } from '../../../harness/builders.ts';

const ERROR = { reason: 'apply-failed', message: 'it broke' };
const at = (day: number, time = '12:00:00') =>
  new Date(Date.parse('2026-06-01T00:00:00Z') + (day - 1) * 86_400_000)
    .toISOString()
    .replace('00:00:00.000', `${time}.000`);

interface Step {
  readonly operation?: 'deploy' | 'rollback' | 'destroy';
  readonly release?: number;
  /** `passed`: it had nothing to change. `broken`: its apply failed. `unchanged`: it failed before its apply began. */
  readonly end?: 'succeeded' | 'passed' | 'broken' | 'unchanged' | 'rejected';
  readonly on: number;
  readonly time?: string;
  readonly createdAt?: string;
  /** When the release was made. */
  readonly made?: string;
  readonly environmentMade?: string;
}

function ended({ operation = 'deploy', release = 1, end = 'succeeded', on, time, createdAt }: Step): Deployment {
  const facts = {
    environment: 'prod1',
    operation,
    release,
    createdAt: createdAt ?? at(on, '11:00:00'),
    endedAt: at(on, time),
  };
  if (end === 'rejected') return aDeployment('rejected');
  if (end === 'broken' || end === 'unchanged')
    return aDeployment('failed', { ...facts, error: ERROR, applied: end === 'broken' ? 'unknown' : 'no' });
  return aDeployment('succeeded', { ...facts, planned: aPlanned({ hasChanges: end === 'succeeded' }) });
}

const play = (...steps: Step[]): Delivery | undefined =>
  steps.reduce<Delivery | undefined>(
    (known, step) =>
      countEnding(known, ended(step), {
        environmentCreatedAt: step.environmentMade ?? at(0),
        releaseCreatedAt: step.made,
      }),
    undefined,
  );
const figures = (now: string, ...steps: Step[]) =>
  figuresOf([{ environment: 'prod1', delivery: play(...steps), hasDeployments: true }], now);

const HOUR = 3600;

describe('what counts of a deployment to production', () => {
  test('a deploy that changed something counts, with the time since its release was made', () => {
    const { last30Days } = figures(at(1), { on: 1, made: at(1, '09:00:00') });
    expect(last30Days).toEqual({
      days: 30,
      deployments: 1,
      deploymentsPerDay: 0.033,
      leadTimeSeconds: 3 * HOUR,
      failedChanges: 0,
      changeFailureRate: 0,
      restores: 0,
      timeToRestoreSeconds: null,
    });
  });

  test.each<[string, Step]>([
    ['one that had nothing to change', { on: 1, end: 'passed' }],
    ['one that failed before its apply began', { on: 1, end: 'unchanged' }],
    ['one that was rejected', { on: 1, end: 'rejected' }],
    ['a destruction', { on: 1, operation: 'destroy' }],
  ])('%s does not count', (_, step) => {
    expect(figures(at(1), step).last30Days).toMatchObject({
      deployments: 0,
      leadTimeSeconds: null,
      failedChanges: 0,
      changeFailureRate: null,
      restores: 0,
    });
  });

  test('a deploy whose apply failed is a failed change, and the next success restores', () => {
    const broken: Step = { on: 1, end: 'broken', time: '12:00:00' };
    const failing = figures(at(1), broken);
    expect(failing.last30Days).toMatchObject({ deployments: 0, failedChanges: 1, changeFailureRate: 1, restores: 0 });
    expect(failing.failing).toEqual([{ environment: 'prod1', since: at(1, '12:00:00') }]);
    const again: Step = { on: 1, end: 'broken', time: '13:00:00' };
    const repaired = figures(at(1), broken, again, { on: 1, release: 2, time: '15:00:00' });
    expect(repaired.last30Days).toMatchObject({
      deployments: 1,
      failedChanges: 2,
      changeFailureRate: 0.667,
      restores: 1,
      timeToRestoreSeconds: 3 * HOUR,
    });
    expect(repaired.failing).toEqual([]);
  });

  test('also a success with nothing to change restores: what runs is what it should be', () => {
    expect(
      figures(at(1), { on: 1, end: 'broken' }, { on: 1, end: 'passed', time: '12:30:00' }).last30Days,
    ).toMatchObject({ deployments: 0, restores: 1, timeToRestoreSeconds: 1800 });
  });

  test('a rollback makes the last deploy a failed change of its day, and restores from when it was asked for', () => {
    const steps: Step[] = [
      { on: 1, release: 1 },
      { on: 10, release: 2 },
      { on: 20, operation: 'rollback', release: 1, createdAt: at(20, '11:00:00') },
    ];
    expect(figures(at(20), ...steps).last30Days).toMatchObject({
      deployments: 2,
      failedChanges: 1,
      changeFailureRate: 0.5,
      restores: 1,
      timeToRestoreSeconds: HOUR,
    });
    expect(play(...steps)?.days).toMatchObject([
      { day: '2026-06-01', failures: 0 },
      { day: '2026-06-10', failures: 1 },
      { day: '2026-06-20', deployed: 0, failures: 0, restores: [HOUR] },
    ]);
  });

  test('a rollback after a failed deploy counts the failure once', () => {
    const { last30Days } = figures(
      at(1),
      { on: 1, release: 1, time: '10:00:00' },
      { on: 1, release: 2, end: 'broken', time: '12:00:00' },
      { on: 1, operation: 'rollback', release: 1, time: '12:10:00', createdAt: at(1, '12:05:00') },
    );
    expect(last30Days).toMatchObject({
      failedChanges: 1,
      changeFailureRate: 0.5,
      restores: 1,
      timeToRestoreSeconds: 600,
    });
  });

  test('a rollback that fails keeps production failing until something succeeds', () => {
    const steps: Step[] = [
      { on: 1, release: 1, time: '10:00:00' },
      { on: 1, operation: 'rollback', release: 1, end: 'broken', time: '12:00:00', createdAt: at(1, '11:30:00') },
    ];
    expect(figures(at(1), ...steps)).toMatchObject({
      failing: [{ since: at(1, '11:30:00') }],
      last30Days: { failedChanges: 1, restores: 0 },
    });
    expect(figures(at(1), ...steps, { on: 1, release: 2, time: '12:30:00' }).last30Days).toMatchObject({
      restores: 1,
      timeToRestoreSeconds: HOUR,
    });
  });

  test('a rollback with nothing to change undoes nothing', () => {
    expect(
      figures(at(1), { on: 1 }, { on: 1, operation: 'rollback', end: 'passed', time: '13:00:00' }).last30Days,
    ).toMatchObject({ failedChanges: 0, restores: 0 });
  });

  test('a release that comes again has no second lead time', () => {
    const { last30Days } = figures(
      at(3),
      { on: 1, release: 1, made: at(1, '11:00:00') },
      { on: 2, release: 2, made: at(2, '10:00:00') },
      { on: 2, operation: 'rollback', release: 1, time: '13:00:00' },
      { on: 3, release: 2, made: at(2, '10:00:00') },
    );
    expect(last30Days).toMatchObject({ deployments: 3, leadTimeSeconds: 1.5 * HOUR });
  });

  test('after a destruction nothing is left to repair', () => {
    expect(
      figures(
        at(2),
        { on: 1, end: 'broken' },
        { on: 1, operation: 'destroy', time: '13:00:00' },
        { on: 2, release: 2 },
      ),
    ).toMatchObject({ failing: [], last30Days: { deployments: 1, restores: 0 } });
  });

  test('an environment does not repair what failed in an earlier one of its name', () => {
    expect(
      figures(at(3), { on: 1, end: 'broken' }, { on: 3, release: 2, environmentMade: at(2) }).last30Days,
    ).toMatchObject({ restores: 0 });
  });
});

describe('the windows', () => {
  test('have whole days in UTC, the present one included', () => {
    const steps: Step[] = [
      { on: 1, time: '00:00:00' },
      { on: 30, release: 2, time: '23:59:59' },
    ];
    const deployed = (day: number, time?: string) => {
      const { last30Days, last90Days } = figures(at(day, time), ...steps);
      return [last30Days.deployments, last90Days.deployments];
    };
    expect(deployed(30, '23:59:59')).toEqual([2, 2]);
    expect(deployed(31, '00:00:00')).toEqual([1, 2]);
    expect(deployed(90, '23:59:59')).toEqual([0, 2]);
    expect(deployed(91, '00:00:00')).toEqual([0, 1]);
  });

  test('are computed from a record that does not grow', () => {
    const many = Array.from({ length: 120 }, (_, index): Step[] =>
      Array.from({ length: 25 }, (_, nth) => ({ on: index + 1, release: index * 25 + nth + 1, made: at(index) })),
    ).flat();
    const delivery = play(...many);
    expect(delivery?.days).toHaveLength(DAYS_KEPT);
    expect(delivery?.days.at(-1)).toMatchObject({ deployed: 25 });
    expect(delivery?.days.at(-1)?.leads).toHaveLength(MOST_PER_DAY);
    expect(JSON.stringify(delivery).length).toBeLessThan(50_000);
  });

  test('put several production environments together', () => {
    const one = play({ on: 1, made: at(1, '11:00:00') });
    const other = play({ on: 1, made: at(1, '09:00:00') });
    const both = figuresOf(
      [
        { environment: 'prod1', delivery: one, hasDeployments: true },
        { environment: 'prod2', delivery: other, hasDeployments: true },
        { environment: 'prod3', delivery: undefined, hasDeployments: false },
      ],
      at(1),
    );
    expect(both).toMatchObject({
      environments: ['prod1', 'prod2', 'prod3'],
      isComplete: true,
      last30Days: { deployments: 2, leadTimeSeconds: 2 * HOUR },
    });
  });

  test('are empty without production', () => {
    expect(figuresOf([], at(1))).toMatchObject({
      environments: [],
      since: null,
      isComplete: true,
      last90Days: { deployments: 0, deploymentsPerDay: 0, changeFailureRate: null },
    });
  });
});
