import { describe, expect, test } from '@jest/globals';
import { DefinitionError, parseDefinition } from '../../../local/asl/definition.ts';
import { INVOKE, machine } from '../../harness/drive.ts';

const END = { End: true };
const problemsOf = (definition: unknown): readonly string[] => {
  try {
    parseDefinition(typeof definition === 'string' ? definition : JSON.stringify(definition));
  } catch (error) {
    if (error instanceof DefinitionError) return error.problems;
    throw error;
  }
  return [];
};
const pass = (Output: unknown) => machine({ A: { Type: 'Pass', Output, ...END } });
const task = (fields: Record<string, unknown>) => machine({ A: { Type: 'Task', Resource: INVOKE, ...fields, ...END } });

describe('a definition is refused, by name, for', () => {
  test.each<[title: string, definition: unknown, problem: string]>([
    ['text that is no JSON', '{', 'the definition is not JSON'],
    [
      'JSONPath',
      { StartAt: 'A', States: { A: { Type: 'Succeed' } } },
      "QueryLanguage must be 'JSONata', JSONPath is not supported at /QueryLanguage",
    ],
    [
      'JSONPath in a state',
      machine({ A: { Type: 'Pass', QueryLanguage: 'JSONPath', ...END } }),
      'at /States/A/QueryLanguage',
    ],
    [
      'a JSONPath field',
      task({ ResultPath: '$.x' }),
      "Field 'ResultPath' belongs to JSONPath, only the query language JSONata is supported at /States/A",
    ],
    ['a JSONPath timeout', task({ TimeoutSecondsPath: '$.x' }), "Field 'TimeoutSecondsPath' belongs to JSONPath"],
    ['Map', machine({ A: { Type: 'Map', ...END } }), 'Type "Map" is not supported at /States/A/Type'],
    ['Parallel', machine({ A: { Type: 'Parallel', ...END } }), 'Type "Parallel" is not supported at /States/A/Type'],
    [
      'an unknown field',
      machine({ A: { Type: 'Pass', Outputs: 1, ...END } }),
      "Field 'Outputs' is not supported at /States/A",
    ],
    [
      'Catch on a Pass',
      machine({ A: { Type: 'Pass', Catch: [], ...END } }),
      "Field 'Catch' is not supported at /States/A",
    ],
    [
      'TimeoutSeconds on a Wait',
      machine({ A: { Type: 'Wait', Seconds: 1, TimeoutSeconds: 1, ...END } }),
      "Field 'TimeoutSeconds' is not supported at /States/A",
    ],
    ['Credentials', task({ Credentials: { RoleArn: 'x' } }), "Field 'Credentials' is not supported at /States/A"],
    [
      'a target that does not exist',
      machine({ A: { Type: 'Pass', Next: 'B' } }),
      "Missing 'Next' target: B at /States/A",
    ],
    ['a start that does not exist', { ...pass(1), StartAt: 'Z' }, "Missing 'Next' target: Z at /StartAt"],
    [
      'a state that nothing leads to',
      machine({ A: { Type: 'Succeed' }, B: { Type: 'Succeed' } }),
      'State "B" is not reachable',
    ],
    ['no end', machine({ A: { Type: 'Pass', Next: 'A' } }), 'No terminal state'],
    ['both Next and End', machine({ A: { Type: 'Pass', Next: 'A', End: true } }), 'exactly one of Next and End'],
    ['neither Seconds nor Timestamp', machine({ A: { Type: 'Wait', ...END } }), 'exactly one of Seconds and Timestamp'],
    [
      'a heartbeat as long as the timeout',
      task({ TimeoutSeconds: 5, HeartbeatSeconds: 5 }),
      'HeartbeatSeconds 5 must be smaller than TimeoutSeconds 5',
    ],
    [
      'States.ALL beside another error',
      task({ Retry: [{ ErrorEquals: ['States.ALL', 'X'] }] }),
      'States.ALL must stand alone',
    ],
    [
      'States.ALL before another entry',
      task({ Retry: [{ ErrorEquals: ['States.ALL'] }, { ErrorEquals: ['X'] }] }),
      'States.ALL must stand alone and in the last entry of Retry',
    ],
    [
      'a variable named states',
      machine({ A: { Type: 'Pass', Assign: { states: 1 }, ...END } }),
      'at /States/A/Assign/states',
    ],
    [
      'a variable name that is none',
      machine({ A: { Type: 'Pass', Assign: { 'a-b': 1 }, ...END } }),
      'at /States/A/Assign/a-b',
    ],
    [
      'an expression that does not parse',
      pass('{% 1 + %}'),
      "the JSONata expression '1 +' does not parse: S0207: Unexpected end of expression at /States/A/Output",
    ],
    [
      'an expression that is not closed',
      pass({ v: '{% 1' }),
      'must start with {% and end with %} at /States/A/Output/v',
    ],
    [
      'a name without context',
      pass({ v: '{% phone %}' }),
      "Reference to 'phone' at the top level is not supported. at /States/A/Output/v",
    ],
    [
      'a name without context in a condition',
      pass('{% $exists(foo) ? 1 : 2 %}'),
      "Reference to 'foo' at the top level",
    ],
    [
      'a name without context in a function body',
      pass('{% $map([1], function($v){ $v & z }) %}'),
      "Reference to 'z' at the top level",
    ],
    ['the context item', pass('{% $.a %}'), "Reference to '$' at the top level"],
    ['the root', pass('{% $states.input.a[b = $$.c] %}'), "Reference to '$$' is not supported."],
    ['a wildcard without context', pass('{% *.a %}'), "Reference to '*' at the top level"],
    [
      '$states.errorOutput outside Catch',
      pass('{% $states.errorOutput.Error %}'),
      "Reference to '$states.errorOutput' is only supported in a catcher. at /States/A/Output",
    ],
  ])('%s', (_title, definition, problem) => {
    expect(problemsOf(definition).join('\n')).toContain(problem);
  });
});

describe('a definition may hold', () => {
  test.each([
    ['predicates on items', '{% $states.input.a[b = 1].c %}'],
    ['grouping', '{% $states.input.list{Name: Value} %}'],
    ['sorting', '{% $states.input.list^(>price) %}'],
    ['blocks on items', '{% $states.input.(a & b) %}'],
    ['transforms', '{% $states.input ~> |items|{"a": b}| %}'],
    ['predicates on a variable', '{% $states.context[State].Execution %}'],
    ['local variables', '{% ($a := $states.input.x; $a) %}'],
    ['$states.errorOutput of a catcher', '{% 1 %}'],
  ])('%s', (_title, output) => {
    expect(problemsOf(pass(output))).toEqual([]);
  });

  test('$states.errorOutput in a catcher', () => {
    const definition = machine({
      A: {
        Type: 'Task',
        Resource: INVOKE,
        Catch: [{ ErrorEquals: ['States.ALL'], Assign: { e: '{% $states.errorOutput %}' }, Next: 'B' }],
        ...END,
      },
      B: { Type: 'Succeed' },
    });
    expect(problemsOf(definition)).toEqual([]);
  });

  test('many mistakes, reported together', () => {
    expect(
      problemsOf(machine({ A: { Type: 'Pass', InputPath: '$', Foo: 1, ...END }, B: { Type: 'Map' } })),
    ).toHaveLength(3);
  });
});
