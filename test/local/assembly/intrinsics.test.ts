// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are placeholders of CloudFormation
import { describe, expect, test } from '@jest/globals';
import {
  evaluateCondition,
  type IntrinsicScope,
  referencesOf,
  resolveIntrinsics,
} from '../../../local/assembly/intrinsics.ts';

const scope: IntrinsicScope = {
  parameters: new Map<string, string | string[]>([
    ['AWS::Region', 'eu-west-1'],
    ['Stage', 'prod'],
    ['Zones', ['a', 'b']],
  ]),
  mappings: { Sizes: { 'eu-west-1': { prod: 'large' } } },
  conditions: {
    IsProd: { 'Fn::Equals': [{ Ref: 'Stage' }, 'prod'] },
    IsTest: { 'Fn::Not': [{ Condition: 'IsProd' }] },
    Either: { 'Fn::Or': [{ Condition: 'IsTest' }, { Condition: 'IsProd' }] },
    Both: { 'Fn::And': [{ Condition: 'IsTest' }, { Condition: 'IsProd' }] },
  },
  created: new Map([['Table', { ref: 'stagegate-table', attributes: { Arn: 'arn:table', 'Nested.Name': 'deep' } }]]),
};

describe('intrinsic functions', () => {
  test.each<[string, unknown, unknown]>([
    ['Ref to a resource', { Ref: 'Table' }, 'stagegate-table'],
    ['Ref to a pseudo parameter', { Ref: 'AWS::Region' }, 'eu-west-1'],
    ['Ref to a list parameter', { Ref: 'Zones' }, ['a', 'b']],
    ['GetAtt as a list', { 'Fn::GetAtt': ['Table', 'Arn'] }, 'arn:table'],
    ['GetAtt as text', { 'Fn::GetAtt': 'Table.Nested.Name' }, 'deep'],
    ['Join', { 'Fn::Join': ['-', ['a', { Ref: 'Stage' }, 1]] }, 'a-prod-1'],
    ['Join over Split', { 'Fn::Join': ['/', { 'Fn::Split': [',', 'x,y'] }] }, 'x/y'],
    ['Sub', { 'Fn::Sub': 'x-${Stage}-${Table.Arn}-${!Literal}' }, 'x-prod-arn:table-${Literal}'],
    ['Sub with variables', { 'Fn::Sub': ['${Own}/${Stage}', { Own: { Ref: 'Table' } }] }, 'stagegate-table/prod'],
    ['Select', { 'Fn::Select': [1, { Ref: 'Zones' }] }, 'b'],
    ['Select with a text index', { 'Fn::Select': ['0', ['x', 'y']] }, 'x'],
    ['If', { 'Fn::If': ['IsProd', 'yes', 'no'] }, 'yes'],
    ['If to NoValue drops the property', { a: 1, b: { 'Fn::If': ['IsTest', 1, { Ref: 'AWS::NoValue' }] } }, { a: 1 }],
    ['NoValue drops the list item', ['a', { Ref: 'AWS::NoValue' }], ['a']],
    ['FindInMap', { 'Fn::FindInMap': ['Sizes', { Ref: 'AWS::Region' }, { Ref: 'Stage' }] }, 'large'],
    ['Base64', { 'Fn::Base64': 'hello' }, 'aGVsbG8='],
    ['nested objects', { A: [{ B: { Ref: 'Stage' } }] }, { A: [{ B: 'prod' }] }],
    ['a statement with a Condition block', { Condition: { Bool: { k: 'v' } } }, { Condition: { Bool: { k: 'v' } } }],
  ])('%s', (_, input, expected) => {
    expect(resolveIntrinsics(input, scope)).toEqual(expected);
  });

  test.each<[string, unknown, string]>([
    ['an unknown function', { 'Fn::ImportValue': 'other' }, 'Fn::ImportValue is not supported by the local cloud'],
    ['an unknown resource', { Ref: 'Nothing' }, 'Ref: Nothing is neither a parameter nor a created resource'],
    ['an unknown attribute', { 'Fn::GetAtt': ['Table', 'StreamArn'] }, 'attribute StreamArn of Table is not supported'],
    ['an unknown name in Sub', { 'Fn::Sub': '${Nobody}' }, 'Ref: Nobody is neither'],
    ['a Select out of range', { 'Fn::Select': [2, ['a', 'b']] }, 'no item 2'],
    ['a missing map entry', { 'Fn::FindInMap': ['Sizes', 'x', 'y'] }, 'no value at Sizes.x.y'],
    ['an unknown condition', { 'Fn::If': ['Nope', 1, 2] }, 'condition Nope does not exist'],
  ])('fails by name for %s', (_, input, message) => {
    expect(() => resolveIntrinsics(input, scope)).toThrow(message);
  });

  test.each([
    ['IsProd', true],
    ['IsTest', false],
    ['Either', true],
    ['Both', false],
  ])('condition %s is %s', (name, expected) => {
    expect(evaluateCondition(name, scope)).toBe(expected);
  });

  test('references are found in every function, but not among the variables of Sub', () => {
    const value = {
      a: { Ref: 'A' },
      b: { 'Fn::GetAtt': ['B', 'Arn'] },
      c: { 'Fn::Sub': ['${C.Arn}-${own}-${!D}', { own: { Ref: 'E' } }] },
      f: [{ 'Fn::If': ['Cond', { Ref: 'F' }, 'x'] }],
      g: { 'Fn::GetAtt': 'G.Arn' },
    };
    expect([...referencesOf(value)].sort()).toEqual(['A', 'B', 'C', 'E', 'F', 'G']);
  });
});
