import { describe, expect, test } from '@jest/globals';
import { largePlan } from '../../bench/large-plan.ts';
import { analyse, block, change, planOf, refersTo } from './plan-documents.ts';

describe('large plans', () => {
  test('5,000 resources with 10,000 references give a right answer', () => {
    const { summary, blastRadius, cost, graph, safeguards } = analyse(largePlan(5000));
    // of every ten: one update, one create, one replacement
    expect(summary).toMatchObject({ add: 1000, change: 500, destroy: 500, replace: 500 });
    expect(blastRadius.direct).toHaveLength(1500);
    // each refers to the one before it, and each module to the last
    expect(blastRadius.dependents).toHaveLength(3500);
    expect(blastRadius.existing).toBe(4500);
    expect(graph.nodes.length).toBeLessThanOrEqual(32);
    expect(cost.coverage).toBe(100);
    expect(safeguards.verdict).toBe('block');
  });

  test('a thousand instances of one block, each naming a thousand of another, are no million edges', () => {
    const many = (name: string, actions: string[]) =>
      Array.from({ length: 1000 }, (_, at) =>
        change({ module: `module.m[${at}]`, name, index: at, actions, before: { a: 1 }, after: { a: 2 } }),
      );
    const root = {
      module_calls: {
        m: {
          source: './m',
          module: {
            resources: [
              block('aws_instance', 'a'),
              block('aws_instance', 'b', { expressions: { x: { references: ['var.all'] } } }),
            ],
            outputs: { id: { expression: refersTo('aws_instance.a.id') } },
          },
          expressions: { all: { references: ['local.x'] } },
        },
        n: {
          source: './m',
          module: { resources: [block('aws_instance', 'c', { expressions: { x: { references: ['var.all'] } } })] },
          expressions: { all: refersTo('module.m.id') },
        },
      },
    };
    const others = Array.from({ length: 1000 }, (_, at) =>
      change({ module: `module.n[${at}]`, name: 'c', actions: ['no-op'], before: { a: 1 }, after: { a: 1 } }),
    );
    const { blastRadius } = analyse(
      planOf({ configuration: { root_module: root }, resource_changes: [...many('a', ['update']), ...others] }),
    );
    expect(blastRadius.dependents).toHaveLength(1000);
  });

  test('a long chain of references does not exhaust the stack', () => {
    const resources = Array.from({ length: 4000 }, (_, at) =>
      block('aws_instance', `r${at}`, { expressions: { x: at === 0 ? {} : refersTo(`aws_instance.r${at - 1}.id`) } }),
    );
    const changes = resources.map((_, at) =>
      change({
        name: `r${at}`,
        actions: [at === 0 ? 'update' : 'no-op'],
        before: { a: 1 },
        after: { a: at === 0 ? 2 : 1 },
      }),
    );
    const { blastRadius } = analyse(
      planOf({ configuration: { root_module: { resources } }, resource_changes: changes }),
    );
    expect(blastRadius.dependents).toHaveLength(3999);
  });

  test('thousands of secrets are looked for at once', () => {
    const secret = (at: number) => `Secret-${at}-with-a-common-beginning`;
    const changes = Array.from({ length: 2000 }, (_, at) =>
      change({
        name: `r${at}`,
        before: { password: 'old' },
        after: { password: secret(at), note: `uses ${secret((at + 1) % 2000)}` },
        afterMask: { password: true },
      }),
    );
    expect(JSON.stringify(analyse(planOf({ resource_changes: changes })))).not.toContain('with-a-common-beginning');
  });
});
