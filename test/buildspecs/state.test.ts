import { describe, expect, test } from '@jest/globals';
import { outputsOf } from '../../buildspecs/program/engine/state.ts';
import { countManaged } from '../../lambdas/domain/contract/state-resources.ts';

const managed = (instances: number) => ({ mode: 'managed', instances: Array(instances).fill({}) });
const data = { mode: 'data', instances: [{}] };
const state = { version: 4, serial: 3, outputs: {}, resources: [] };

describe('managed resources in a state', () => {
  test.each([
    ['that is empty', state, 0],
    ['with data alone', { ...state, resources: [data] }, 0],
    ['with some of each', { ...state, resources: [managed(1), data, managed(2)] }, 3],
    ['with none left of a resource', { ...state, resources: [managed(0)] }, 0],
    ['in modules', { ...state, resources: [{ module: 'module.a.module.b[0]', ...managed(2) }] }, 2],
    ['whose resources cannot be read', { ...state, resources: 'encrypted' }, undefined],
    ['that does not list any', { version: 4, serial: 3, lineage: 'a' }, undefined],
    ['that is encrypted', { serial: 3, lineage: 'a', encrypted_data: 'c2VjcmV0', encryption_version: 'v0' }, undefined],
    ['of an engine that kept them by module', { version: 3, serial: 3, resources: [], modules: [{}] }, undefined],
    ['that is no state', 'text', undefined],
  ])('%s are counted', (_, given, count) => {
    expect(countManaged(given)).toBe(count);
  });
});

describe('the outputs in a state', () => {
  test.each([
    ['none', state, {}],
    ['no field for them', { version: 4 }, {}],
    [
      'some, one of them sensitive',
      {
        ...state,
        outputs: {
          host: { value: 'example.com', type: 'string' },
          password: { value: ['s3cr3t'], type: ['list', 'string'], sensitive: true },
        },
      },
      {
        host: { value: 'example.com', type: 'string', sensitive: false },
        password: { value: ['s3cr3t'], type: ['list', 'string'], sensitive: true },
      },
    ],
  ])('are those of `output -json`: %s', (_, given, outputs) => {
    expect(outputsOf(given)).toEqual(outputs);
  });

  test('are there although the resources cannot be counted', () => {
    const given = { ...state, outputs: { a: { value: 1, type: 'number' } }, resources: 'encrypted' };
    expect(outputsOf(given)).toEqual({ a: { value: 1, type: 'number', sensitive: false } });
  });

  test('that cannot be read are an error, and not none', () => {
    expect(() => outputsOf({ ...state, outputs: 'encrypted' })).toThrow();
  });
});
