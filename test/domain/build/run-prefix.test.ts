import { describe, expect, test } from '@jest/globals';
import { applyPrefix, runPrefix, startedApplyOf } from '../../../lambdas/domain/build/run-prefix.ts';
import { RUN_OBJECTS, type RunObject, runObjectKey } from '../../../lambdas/domain/contract/run-objects.ts';

const run = { id: 'my-app-dev1-7-abc123', runSecret: '0'.repeat(32), round: 2 };

describe('the object that an apply leaves when it begins', () => {
  test.each([undefined, 2, 15])('is known by its key, for attempt %s', (attempt) => {
    const key = runObjectKey(applyPrefix({ ...run, attempt }), 'applyStarted');
    expect(startedApplyOf(key)).toEqual({ deploymentId: run.id, round: run.round, attempt: attempt ?? 1 });
  });

  test('is no other object of a run', () => {
    const others = Object.keys(RUN_OBJECTS).filter((object) => object !== 'applyStarted') as RunObject[];
    const keys = [runPrefix(run), applyPrefix({ ...run, attempt: 2 })].flatMap((prefix) =>
      others.map((object) => runObjectKey(prefix, object)),
    );
    expect(keys.filter((key) => startedApplyOf(key))).toEqual([]);
  });
});
