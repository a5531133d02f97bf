import { describe, expect, test } from '@jest/globals';
import type { EventEnvelope } from '../../../local/services/events/event-envelope.ts';
import { compileTargetInput, type TargetInput } from '../../../local/services/events/target-input.ts';

const event: EventEnvelope = {
  version: '0',
  id: 'id-1',
  'detail-type': 'ConfigPushed',
  source: 'stagegate',
  account: '111111111111',
  time: '2026-01-01T00:00:00Z',
  region: 'eu-west-1',
  resources: [],
  detail: { commit: 'abc', message: 'say "hi"', count: 2, paths: ['a', 'b'], nested: { 'odd name': { x: 1 } } },
};
const origin = { ruleArn: 'arn:rule', ruleName: 'rule', ingestedAt: '2026-01-01T00:00:01Z' };
const render = (input: TargetInput): unknown => JSON.parse(compileTargetInput(input)(event, origin));
const transform = (InputTemplate: string, InputPathsMap: Record<string, string> = {}) => ({
  InputTransformer: { InputTemplate, InputPathsMap },
});

describe('what a target gets', () => {
  test.each<[title: string, input: TargetInput, payload: unknown]>([
    ['the event', {}, event],
    ['a constant', { Input: '{"a": 1}' }, { a: 1 }],
    ['a part of the event', { InputPath: '$.detail' }, event.detail],
    ['an item of a list', { InputPath: '$.detail.paths[1]' }, 'b'],
    ['a member with an odd name', { InputPath: "$.detail.nested['odd name'].x" }, 1],
    ['nothing, where the path leads nowhere', { InputPath: '$.detail.missing.deep' }, null],
    [
      'a template with values of every kind',
      transform('{"commit": <commit>, "count": <count>, "paths": <paths>, "text": "at <commit>: <count>"}', {
        commit: '$.detail.commit',
        count: '$.detail.count',
        paths: '$.detail.paths',
      }),
      { commit: 'abc', count: 2, paths: ['a', 'b'], text: 'at abc: 2' },
    ],
    [
      'a template with quotes in its values',
      transform('{"m": <m>, "t": "<m>!"}', { m: '$.detail.message' }),
      { m: 'say "hi"', t: 'say "hi"!' },
    ],
    ['a template that is one text', transform('"pushed <c>"', { c: '$.detail.commit' }), 'pushed abc'],
    [
      'a template with an absent value inside a text',
      transform('{"t": "<x>."}', { x: '$.detail.missing' }),
      { t: '.' },
    ],
    [
      "EventBridge's own values",
      transform(
        '{"rule": <aws.events.rule-arn>, "name": "<aws.events.rule-name>", "at": <aws.events.event.ingestion-time>, "event": <aws.events.event.json>}',
      ),
      { rule: 'arn:rule', name: 'rule', at: '2026-01-01T00:00:01Z', event },
    ],
  ])('is %s', (_title, input, payload) => {
    expect(render(input)).toEqual(payload);
  });

  test.each<[title: string, input: TargetInput, message: string]>([
    ['a path with a wildcard', { InputPath: '$.detail.*' }, 'the path $.detail.* is not supported'],
    ['a placeholder without a value', transform('{"a": <b>}'), 'the input template has no value for <b>'],
    ['two kinds of input', { Input: '1', InputPath: '$' }, 'only one of'],
  ])('cannot be %s', (_title, input, message) => {
    expect(() => compileTargetInput(input)).toThrow(message);
  });

  test('is no JSON where a value outside of quotes is absent', () => {
    expect(() => render(transform('{"a": <x>}', { x: '$.detail.missing' }))).toThrow(SyntaxError);
  });
});
