import { expect, test } from '@jest/globals';
import { evaluateTemplate, type Scope } from '../../../local/asl/expression.ts';
import type { Json } from '../../../local/asl/json.ts';

/** Each source is compiled only once, so one evaluation must not see anything of another. */

const evaluate = (template: Json, scope: Partial<Scope> = {}) =>
  evaluateTemplate(template, 'Output', { variables: {}, states: {}, ...scope }, { random: () => 0, uuid: () => 'id' });

test('evaluations of one expression at once see their own variables, and their own states', async () => {
  const seen = await Promise.all(
    [1, 2, 3].map((x) =>
      evaluate('{% {"x": $x, "input": $states.input} %}', { variables: { x }, states: { input: x } }),
    ),
  );
  expect(seen).toEqual([1, 2, 3].map((x) => ({ x, input: x })));
});

test('a variable of an earlier evaluation is not there any more', async () => {
  expect(await evaluate('{% $exists($x) %}', { variables: { x: 1 } })).toBe(true);
  expect(await evaluate('{% $exists($x) %}')).toBe(false);
});

test('what an expression answered belongs to who asked, who may change it', async () => {
  const answered = await evaluate('{% {"gates": ["staff"]} %}');
  Object.assign(Object(answered), { gates: [] });
  expect(await evaluate('{% {"gates": ["staff"]} %}')).toEqual({ gates: ['staff'] });
});

test('an expression that takes many steps may be evaluated again, and several times at once', async () => {
  const template = '{% $count([1..1000].($ * 2 + $ * 3)) %}';
  const rounds = Array.from({ length: 8 }, () => template);
  expect(await evaluate(rounds)).toEqual(rounds.map(() => 1000));
  expect(await evaluate(template)).toBe(1000);
});
