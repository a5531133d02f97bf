import { describe, expect, test } from '@jest/globals';
import { createQueryProtocol, decodeFields } from '../../../local/door/query-protocol.ts';

describe('the query protocol', () => {
  test('reads lists, maps, structures and plain fields', () => {
    const fields = new URLSearchParams([
      ['TopicArn', 'arn:topic'],
      ['Names.member.2', 'b'],
      ['Names.member.1', 'a'],
      ['Attributes.entry.1.key', 'FilterPolicy'],
      ['Attributes.entry.1.value', '{"recipient":["x"]}'],
      ['MessageAttributes.entry.1.Name', 'recipient'],
      ['MessageAttributes.entry.1.Value.DataType', 'String'],
      ['MessageAttributes.entry.1.Value.StringValue', 'x'],
    ]);
    expect(decodeFields(fields)).toEqual({
      TopicArn: 'arn:topic',
      Names: ['a', 'b'],
      Attributes: { FilterPolicy: '{"recipient":["x"]}' },
      MessageAttributes: { recipient: { DataType: 'String', StringValue: 'x' } },
    });
  });

  test('lists of more than nine items keep their order', () => {
    const fields = new URLSearchParams(
      Array.from({ length: 11 }, (_, index): [string, string] => [`L.member.${index + 1}`, String(index)]),
    );
    expect(decodeFields(fields)).toEqual({ L: Array.from({ length: 11 }, (_, index) => String(index)) });
  });

  test('writes lists, maps and dates as XML and leaves out what is undefined', () => {
    const { body } = createQueryProtocol({ namespace: 'urn:x' }).encode(
      'List',
      { Items: [{ A: 1 }], Map: new Map([['k&', 'v']]), At: new Date(0), None: undefined },
      'r1',
    );
    expect(body).toBe(
      '<ListResponse xmlns="urn:x"><ListResult><Items><member><A>1</A></member></Items><Map><entry><key>k&#38;</key><value>v</value></entry></Map><At>1970-01-01T00:00:00.000Z</At></ListResult><ResponseMetadata><RequestId>r1</RequestId></ResponseMetadata></ListResponse>',
    );
  });

  test('fails for a request without an action and for a field that is value and structure at once', () => {
    const { decode } = createQueryProtocol({ namespace: 'urn:x' });
    const request = (body: string) => ({
      method: 'POST',
      path: '/',
      query: new URLSearchParams(),
      headers: {},
      body: Buffer.from(body),
    });
    expect(() => decode(request('A=1'))).toThrow('the request has no Action');
    expect(() => decode(request('Action=X&A=1&A.b=2'))).toThrow('form field A.b is both a value and a structure');
  });
});
