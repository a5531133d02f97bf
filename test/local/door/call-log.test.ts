import { expect, test } from '@jest/globals';
import { type CallRecord, createCallLog } from '../../../local/door/call-log.ts';
import { writtenKeys } from '../../../local/door/record-writes.ts';
import type { RequiredPermission } from '../../../local/door/wire.ts';

const called = (service: string, operation: string, permissions: readonly RequiredPermission[] = []): CallRecord => ({
  at: new Date(0),
  requestId: 'r',
  caller: 'somebody',
  outcome: 'ok',
  durationMs: 0,
  service,
  operation,
  permissions,
});
const item = (action: string, ...keys: string[]): RequiredPermission => ({
  action: `dynamodb:${action}`,
  resources: ['table'],
  context: { 'dynamodb:LeadingKeys': keys },
});

/** So long that a test which waits for it reaches its own timeout first. */
const FOREVER_MS = 2 ** 31 - 1;

test('who waits for a call hears of the first that is wanted', async () => {
  const log = createCallLog();
  const heard: string[] = [];
  const waiting = log.next(({ operation }) => operation === 'PutItem', FOREVER_MS).then(() => heard.push('next'));
  log.record(called('dynamodb', 'GetItem'));
  await Promise.resolve();
  expect(heard).toEqual([]);
  log.record(called('dynamodb', 'PutItem'));
  await waiting;
  expect(heard).toEqual(['next']);
});

test('who waits for a call that never comes goes on when the time is over', async () => {
  await expect(createCallLog().next(() => false, 1)).resolves.toBeUndefined();
});

test('who watches hears of every call until the watch ends', () => {
  const log = createCallLog();
  const heard: string[] = [];
  const end = log.watch(({ operation }) => heard.push(operation));
  log.record(called('sns', 'Publish'));
  log.record(called('dynamodb', 'Query'));
  end();
  log.record(called('sns', 'Subscribe'));
  expect(heard).toEqual(['Publish', 'Query']);
});

test.each<[string, CallRecord, string[] | undefined]>([
  ['a record', called('dynamodb', 'UpdateItem', [item('UpdateItem', 'APP#a')]), ['APP#a']],
  [
    'a transaction, without what it only looks at',
    called('dynamodb', 'TransactWriteItems', [
      item('PutItem', 'APP#a', 'ENV#a#dev1'),
      item('ConditionCheckItem', 'APP#b'),
      item('DeleteItem', 'APP#c'),
    ]),
    ['APP#a', 'ENV#a#dev1', 'APP#c'],
  ],
  ['a read', called('dynamodb', 'GetItem', [item('GetItem', 'APP#a')]), undefined],
  ['another service', called('s3', 'PutItem'), undefined],
])('the keys that are written by %s', (_, call, keys) => expect(writtenKeys(call)).toEqual(keys));
