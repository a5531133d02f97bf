import { describe, expect, test } from '@jest/globals';
import {
  type MessageAttributes,
  passesFilter,
  requireFilterPolicy,
} from '../../../local/services/sns/filter-policy.ts';

const text = (StringValue: string): MessageAttributes[string] => ({ DataType: 'String', StringValue });
const attributes: MessageAttributes = {
  recipient: text('ann@acme.example'),
  count: { DataType: 'Number', StringValue: '7' },
  gates: { DataType: 'String.Array', StringValue: '["staff","client"]' },
  secret: { DataType: 'Binary', BinaryValue: 'AAAA' },
};

describe('a filter policy', () => {
  test.each<[title: string, policy: object | null, passes: boolean]>([
    ['that is none lets all messages pass', null, true],
    ['that is empty lets all messages pass', {}, true],
    ['takes an exact value', { recipient: ['ann@acme.example'] }, true],
    ['takes one of several values', { recipient: ['bob@acme.example', 'ann@acme.example'] }, true],
    ['refuses another value', { recipient: ['bob@acme.example'] }, false],
    ['refuses a message without the attribute', { other: ['x'] }, false],
    ['wants all attributes', { recipient: ['ann@acme.example'], count: [8] }, false],
    ['knows numbers', { count: [{ numeric: ['>', 5] }] }, true],
    ['knows prefixes', { recipient: [{ prefix: 'ann@' }] }, true],
    ['knows suffixes', { recipient: [{ suffix: '@acme.example' }] }, true],
    ['knows anything-but', { recipient: [{ 'anything-but': ['ann@acme.example'] }] }, false],
    ['knows exists', { recipient: [{ exists: true }] }, true],
    ['knows absence', { other: [{ exists: false }] }, true],
    ['looks into lists', { gates: ['client'] }, true],
    ['does not see binary attributes', { secret: [{ exists: true }] }, false],
    ['knows $or', { $or: [{ recipient: ['x'] }, { count: [7] }] }, true],
  ])('%s', (_title, policy, passes) => {
    const message = { text: 'hello', attributes };
    expect(passesFilter(policy && JSON.stringify(policy), 'MessageAttributes', message)).toBe(passes);
  });

  test.each<[title: string, body: string, passes: boolean]>([
    ['takes a matching body', '{"order":{"kind":"deploy"}}', true],
    ['refuses another body', '{"order":{"kind":"destroy"}}', false],
    ['refuses a body that is no JSON', 'deploy', false],
  ])('on the body %s', (_title, body, passes) => {
    const policy = JSON.stringify({ order: { kind: ['deploy'] } });
    expect(passesFilter(policy, 'MessageBody', { text: body, attributes })).toBe(passes);
  });

  test.each([
    ['no JSON', '{'],
    ['no list of values', '{"a":"x"}'],
    ['an unknown operator', '{"a":[{"cidr":"10.0.0.0/8"}]}'],
  ])('is refused when it is %s', (_title, policy) => {
    expect(() => requireFilterPolicy(policy)).toThrow('Invalid parameter: Attributes Reason: FilterPolicy');
  });
});
