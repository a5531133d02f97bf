import { expect, test } from '@jest/globals';
import { countManaged } from '../../buildspecs/scripts/engine/state-resources.ts';

const managed = { mode: 'managed' };
const data = { mode: 'data' };

test.each([
  ['an empty state', { format_version: '1.0' }, 0],
  ['outputs alone', { values: { outputs: { url: { value: 'x' } }, root_module: {} } }, 0],
  ['data alone', { values: { root_module: { resources: [data] } } }, 0],
  ['the root', { values: { root_module: { resources: [managed, data, managed] } } }, 2],
  [
    'modules in modules',
    {
      values: { root_module: { child_modules: [{ resources: [managed], child_modules: [{ resources: [managed] }] }] } },
    },
    2,
  ],
])('managed resources are counted in %s', (_, state, count) => {
  expect(countManaged(state)).toBe(count);
});
