import { describe, expect, test } from '@jest/globals';
import { modulesOf } from '../../../lambdas/domain/plan/configured-resources.ts';
import { modulesInUse } from '../../../lambdas/domain/plan/modules/modules-in-use.ts';
import { readPlan } from '../../../lambdas/domain/plan/read-plan.ts';
import { type Document, recordedPlan } from '../plan/plan-documents.ts';

/** A call is in use if anything of its module stands after the apply. */
function inUse(document: unknown): string[] {
  const { plan } = readPlan(document);
  return [...modulesInUse(plan, modulesOf(plan))].filter((address) => address !== '').sort();
}

const resource = (name: string, mode = 'managed'): Document => ({
  address: `${mode === 'managed' ? '' : 'data.'}x_thing.${name}`,
  mode,
  type: 'x_thing',
  name,
});
const standing = (module: string, name: string, mode = 'managed'): Document => ({
  ...resource(name, mode),
  address: `${module}.${mode === 'managed' ? '' : 'data.'}x_thing.${name}`,
});
const call = (resources: Document[] = [], calls: Document = {}): Document => ({
  source: './m',
  module: { resources, module_calls: calls },
});

const planWith = (
  calls: Document,
  { planned = [], prior = [], changes = [] }: { planned?: Document[]; prior?: Document[]; changes?: Document[] } = {},
): Document => ({
  format_version: '1.2',
  terraform_version: '1.11.4',
  applyable: true,
  complete: true,
  errored: false,
  resource_changes: changes,
  configuration: { root_module: { module_calls: calls } },
  planned_values: { root_module: { child_modules: planned } },
  prior_state: { values: { root_module: { child_modules: prior } } },
});

describe('a module', () => {
  test('with a resource that stands is in use, with count = 0 it is not', () => {
    const calls = { web: call([resource('a')]), off: call([resource('a')]) };
    const planned = [{ address: 'module.web[0]', resources: [standing('module.web[0]', 'a')] }];
    expect(inUse(planWith(calls, { planned }))).toEqual(['module.web']);
  });

  test('is in use if one of its instances is, and one of its resources', () => {
    const calls = { web: call([resource('a'), resource('b')]) };
    const planned = [{ address: 'module.web["x"]', resources: [standing('module.web["x"]', 'b')] }];
    expect(inUse(planWith(calls, { planned }))).toEqual(['module.web']);
  });

  test('that only calls others is in use through what they have', () => {
    const calls = {
      wrapper: call([], { inner: call([], { core: call([resource('a')]) }) }),
      idle: call([], { core: call([resource('a')]) }),
    };
    const core = 'module.wrapper.module.inner.module.core';
    const planned = [
      {
        address: 'module.wrapper',
        child_modules: [
          {
            address: 'module.wrapper.module.inner',
            child_modules: [{ address: core, resources: [standing(core, 'a')] }],
          },
        ],
      },
    ];
    expect(inUse(planWith(calls, { planned }))).toEqual(['module.wrapper', 'module.wrapper.module.inner', core]);
  });

  test('none of whose own resources stands is in use if a module that it calls is: its arguments come from it', () => {
    const inner = 'module.web.module.log';
    const calls = { web: call([resource('a')], { log: call([resource('b')]) }) };
    const planned = [{ address: 'module.web', child_modules: [{ address: inner, resources: [standing(inner, 'b')] }] }];
    expect(inUse(planWith(calls, { planned }))).toEqual(['module.web', inner]);
    expect(inUse(planWith(calls))).toEqual([]);
  });

  test('with resources that stand is in use, although a module that it calls has none', () => {
    const calls = { web: call([resource('a')], { log: call([resource('b')]) }) };
    const planned = [{ address: 'module.web', resources: [standing('module.web', 'a')] }];
    expect(inUse(planWith(calls, { planned }))).toEqual(['module.web']);
  });

  test('of ephemeral resources only is in use wherever it is called, because they never stand', () => {
    expect(inUse(planWith({ secret: call([resource('a', 'ephemeral')]) }))).toEqual(['module.secret']);
  });

  test('of data sources only is in use as long as they are read, and no longer once they leave the state', () => {
    const calls = { lookup: call([resource('a', 'data')]) };
    const address = 'module.lookup';
    const prior = [{ address, resources: [standing(address, 'a', 'data')] }];
    expect(inUse(planWith(calls, { prior }))).toEqual([address]);
    expect(inUse(planWith(calls))).toEqual([]);
    const leaving = {
      ...standing(address, 'a', 'data'),
      module_address: address,
      provider_name: 'x',
      change: { actions: ['delete'], before: {}, after: null, after_unknown: {} },
    };
    expect(inUse(planWith(calls, { prior, changes: [leaving] }))).toEqual([]);
  });

  test('that declares nothing at any depth is in use wherever it is called: it is proven by a plan', () => {
    expect(inUse(planWith({ names: call([], { more: call() }) }))).toEqual([
      'module.names',
      'module.names.module.more',
    ]);
  });

  test('whose only resource the plan destroys is not in use any more', () => {
    const calls = { web: call([resource('a')]) };
    const prior = [{ address: 'module.web', resources: [standing('module.web', 'a')] }];
    expect(inUse(planWith(calls, { prior }))).toEqual([]);
  });
});

test.each([
  ['01-create-web-app', ['module.web']],
  ['02-no-changes', ['module.web']],
  ['18-module-version-upgrade', ['module.audit', 'module.notices', 'module.notices.module.logs']],
])('of a recorded plan: %s', (name, expected) => {
  expect(inUse(recordedPlan(name))).toEqual(expected);
});
