import { describe, expect, test } from '@jest/globals';
import type { Analysis } from '../../../lambdas/domain/plan/analyze-plan.ts';
import { analyse, block, type ChangeParts, change, type Document, planOf, refersTo } from './plan-documents.ts';

/** Returns what depends on the changed objects of a root module. */
function radiusOf(root: Document, changes: ChangeParts[], more: Document = {}): Analysis['blastRadius'] {
  return analyse(planOf({ configuration: { root_module: root }, resource_changes: changes.map(change), ...more }))
    .blastRadius;
}
const touched = (name: string, more: ChangeParts = {}): ChangeParts => ({
  name,
  before: { a: 1 },
  after: { a: 2 },
  ...more,
});
const untouched = (name: string, more: ChangeParts = {}): ChangeParts => ({
  name,
  actions: ['no-op'],
  before: { a: 1 },
  after: { a: 1 },
  ...more,
});
const uses = (name: string, ...references: string[]): Document =>
  block('aws_instance', name, { expressions: { x: refersTo(...references) } });

describe('an object depends on another', () => {
  test('by reference, directly and through others', () => {
    const root = {
      resources: [
        block('aws_instance', 'a'),
        uses('b', 'aws_instance.a.id'),
        uses('c', 'aws_instance.b.id'),
        uses('d', 'aws_vpc.x.id'),
      ],
    };
    expect(radiusOf(root, [touched('a'), untouched('b'), untouched('c'), untouched('d')]).dependents).toEqual([
      'aws_instance.b',
      'aws_instance.c',
    ]);
  });

  test.each<[string, Document]>([
    ['depends_on', { depends_on: ['aws_instance.a'] }],
    ['count', { count_expression: refersTo('aws_instance.a.id') }],
    ['for_each', { for_each_expression: refersTo('aws_instance.a.id') }],
    ['a nested block', { expressions: { rule: [{ target: [{ id: refersTo('aws_instance.a.id') }] }] } }],
    [
      'an instance of a count',
      { expressions: { x: { references: ['aws_instance.a[0].id', 'aws_instance.a[0]', 'aws_instance.a'] } } },
    ],
    [
      'a provisioner',
      { provisioners: [{ type: 'local-exec', expressions: { command: refersTo('aws_instance.a.id') } }] },
    ],
  ])('by %s', (_, parts) => {
    const root = { resources: [block('aws_instance', 'a'), block('aws_instance', 'b', parts)] };
    expect(radiusOf(root, [touched('a'), untouched('b')]).dependents).toEqual(['aws_instance.b']);
  });

  test('through a data source, which itself is no dependent', () => {
    const root = {
      resources: [
        block('aws_instance', 'a'),
        { ...block('aws_ami', 'd', { expressions: { x: refersTo('aws_instance.a.id') } }), mode: 'data' },
        block('aws_instance', 'b', { expressions: { x: { references: ['data.aws_ami.d.id', 'data.aws_ami.d'] } } }),
      ],
    };
    expect(radiusOf(root, [touched('a'), untouched('b')]).dependents).toEqual(['aws_instance.b']);
  });

  test('by what the state recorded, where the configuration hides it behind a local', () => {
    const root = {
      resources: [
        block('aws_instance', 'a'),
        block('aws_instance', 'b', { expressions: { x: { references: ['local.id'] } } }),
      ],
    };
    const prior_state = {
      values: {
        root_module: {
          resources: [
            {
              address: 'aws_instance.b',
              mode: 'managed',
              type: 'aws_instance',
              name: 'b',
              values: {},
              depends_on: ['aws_instance.a'],
            },
          ],
        },
      },
    };
    const radius = radiusOf(root, [touched('a'), untouched('b')], { prior_state });
    expect(radius.dependents).toEqual(['aws_instance.b']);
    expect(radius.lowerBound).toEqual([
      '1 reference through locals cannot be followed: the plan does not say what they stand for.',
    ]);
  });

  test('by a relevant attribute, where it changes, uses a local and nothing else explains it', () => {
    const root = {
      resources: [
        block('aws_instance', 'a'),
        block('aws_instance', 'b', { expressions: { x: { references: ['local.id'] } } }),
      ],
    };
    const plan = planOf({
      configuration: { root_module: root },
      resource_changes: [change(touched('a')), change(touched('b'))],
      relevant_attributes: [{ resource: 'aws_instance.a', attribute: ['id'] }],
    });
    const { nodes, edges } = analyse(plan).graph;
    const label = (id: string | undefined) => nodes.find((node) => node.id === id)?.label;
    expect(edges.map(({ from, to }) => [label(from), label(to)])).toEqual([['aws_instance.a', 'aws_instance.b']]);
  });

  test('by the configuration of its provider', () => {
    const configuration = {
      provider_config: {
        kubernetes: { name: 'kubernetes', expressions: { host: refersTo('aws_instance.a.endpoint') } },
      },
      root_module: {
        resources: [
          block('aws_instance', 'a'),
          block('kubernetes_service', 'b', { provider_config_key: 'kubernetes' }),
        ],
      },
    };
    const plan = planOf({
      configuration,
      resource_changes: [change(touched('a')), change(untouched('b', { type: 'kubernetes_service' }))],
    });
    expect(analyse(plan).blastRadius.dependents).toEqual(['kubernetes_service.b']);
  });

  test('not by having the same name, or by being used itself', () => {
    const root = { resources: [uses('a', 'aws_instance.b.id'), block('aws_instance', 'b')] };
    expect(radiusOf(root, [touched('a'), untouched('b')]).dependents).toEqual([]);
  });
});

describe('modules', () => {
  const call = (module: Document, more: Document = {}): Document => ({ source: './m', module, ...more });
  const inner = (module: string, name: string, kind: (name: string, more?: ChangeParts) => ChangeParts): ChangeParts =>
    kind(name, { module });

  test('arguments carry a change in, outputs carry it out and to the outputs of the whole', () => {
    const root = {
      outputs: { url: { expression: refersTo('module.web.url') }, other: { expression: { references: [] } } },
      resources: [block('aws_instance', 'a'), uses('after', 'module.web.url')],
      module_calls: {
        web: call(
          {
            resources: [
              block('aws_instance', 'in', { expressions: { x: { references: ['var.id'] } } }),
              block('aws_instance', 'alone'),
            ],
            outputs: { url: { expression: refersTo('aws_instance.in.url') } },
          },
          { expressions: { id: refersTo('aws_instance.a.id') } },
        ),
      },
    };
    const radius = radiusOf(root, [
      touched('a'),
      untouched('after'),
      inner('module.web', 'in', untouched),
      inner('module.web', 'alone', untouched),
    ]);
    expect(radius.dependents).toEqual(['aws_instance.after', 'module.web.aws_instance.in']);
    expect(radius.outputs).toEqual(['url']);
  });

  test('depending on a whole module means on everything in it, nested modules included', () => {
    const root = {
      resources: [block('aws_instance', 'after', { depends_on: ['module.web'] })],
      module_calls: { web: call({ module_calls: { deep: call({ resources: [block('aws_instance', 'x')] }) } }) },
    };
    expect(radiusOf(root, [touched('x', { module: 'module.web.module.deep' }), untouched('after')]).dependents).toEqual(
      ['aws_instance.after'],
    );
  });

  test('a module that depends on something depends with everything in it', () => {
    const root = {
      resources: [block('aws_instance', 'a')],
      module_calls: {
        web: call(
          { module_calls: { deep: call({ resources: [block('aws_instance', 'x')] }) } },
          { depends_on: ['aws_instance.a'] },
        ),
      },
    };
    expect(radiusOf(root, [touched('a'), untouched('x', { module: 'module.web.module.deep' })]).dependents).toEqual([
      'module.web.module.deep.aws_instance.x',
    ]);
  });

  test('a change in one instance of a module stays in that instance', () => {
    const content = {
      resources: [block('aws_instance', 'a'), uses('b', 'aws_instance.a.id')],
      outputs: { id: { expression: refersTo('aws_instance.b.id') } },
    };
    const root = { resources: [uses('after', 'module.tenant.id')], module_calls: { tenant: call(content) } };
    const changes = [
      touched('a', { module: 'module.tenant["acme"]' }),
      untouched('a', { module: 'module.tenant["globex"]' }),
      untouched('b', { module: 'module.tenant["acme"]' }),
      untouched('b', { module: 'module.tenant["globex"]' }),
      untouched('after'),
    ];
    expect(radiusOf(root, changes).dependents).toEqual(['aws_instance.after', 'module.tenant["acme"].aws_instance.b']);
  });

  test('what is shared reaches every instance', () => {
    const content = { resources: [block('aws_instance', 'b', { expressions: { x: { references: ['var.id'] } } })] };
    const root = {
      resources: [block('aws_instance', 'a')],
      module_calls: { tenant: call(content, { expressions: { id: refersTo('aws_instance.a.id') } }) },
    };
    const changes = [
      touched('a'),
      untouched('b', { module: 'module.tenant[0]' }),
      untouched('b', { module: 'module.tenant[1]' }),
    ];
    expect(radiusOf(root, changes).dependents).toEqual([
      'module.tenant[0].aws_instance.b',
      'module.tenant[1].aws_instance.b',
    ]);
  });
});

describe('shapes that no configuration should have', () => {
  test('circles end', () => {
    const root = {
      resources: [uses('a', 'aws_instance.b.id'), uses('b', 'aws_instance.a.id', 'module.m.out')],
      module_calls: {
        m: {
          source: './m',
          expressions: { v: refersTo('module.m.out') },
          module: { outputs: { out: { expression: { references: ['var.v'] } } } },
        },
      },
    };
    expect(radiusOf(root, [touched('a'), untouched('b')]).dependents).toEqual(['aws_instance.b']);
  });

  test.each(['a"b', 'a.b', 'a/b', 'a]b', 'a\\b', 'ключ', '$${x}', '%%{x}', '["x"]', ' '])('keys like %j', (key) => {
    const quoted = JSON.stringify(key);
    const root = {
      module_calls: {
        t: { source: './m', module: { resources: [block('aws_instance', 'a'), uses('b', 'aws_instance.a.id')] } },
      },
    };
    const at = (name: string): ChangeParts => ({ module: `module.t[${quoted}]`, name, index: key });
    expect(radiusOf(root, [touched('a', at('a')), untouched('b', at('b'))])).toMatchObject({
      direct: [`module.t[${quoted}].aws_instance.a[${quoted}]`],
      dependents: [`module.t[${quoted}].aws_instance.b[${quoted}]`],
    });
  });

  test('a deposed object counts beside the live one of the same address, and once as a place', () => {
    const changes: ChangeParts[] = [
      touched('a'),
      { name: 'a', deposed: 'abcd', actions: ['delete'], before: { a: 0 } },
    ];
    const analysis = analyse(planOf({ resource_changes: changes.map(change) }));
    expect(analysis.summary).toMatchObject({ change: 1, destroy: 1 });
    expect(analysis.blastRadius.direct).toEqual(['aws_instance.a']);
    expect(analysis.resources.map(({ deposed }) => deposed)).toEqual([undefined, 'abcd']);
  });

  test('names that objects have by nature are only names', () => {
    const changes = ['__proto__', 'constructor', 'toString'].map((name) =>
      touched(name, { type: name, before: { __proto__: 1 }, after: { constructor: 2 } }),
    );
    expect(radiusOf({}, changes).direct).toHaveLength(3);
  });
});
