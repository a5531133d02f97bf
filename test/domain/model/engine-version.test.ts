import { expect, test } from '@jest/globals';
import { EnvironmentSchema, engineVersionOf } from '../../../lambdas/domain/model/environment.ts';
import { anEnvironment } from '../../harness/builders.ts';

test('an environment that was stored before environments had engine versions has that of its application', () => {
  const stored = anEnvironment();
  expect(stored).not.toHaveProperty('engineVersion');
  const environment = EnvironmentSchema.parse(stored);
  expect(environment).toEqual(stored);
  expect(engineVersionOf({ engineVersion: '1.11.4' }, environment)).toBe('1.11.4');
  expect(engineVersionOf({}, environment)).toBeUndefined();
});

test('an environment with a version of its own has that one, newer or older', () => {
  for (const engineVersion of ['1.10.0', '1.12.0'])
    expect(engineVersionOf({ engineVersion: '1.11.4' }, anEnvironment({ engineVersion }))).toBe(engineVersion);
});
