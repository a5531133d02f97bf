import { randomUUID } from 'node:crypto';
import { inspect } from 'node:util';
import { type DynamoDBClient, TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand, TransactWriteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import * as z from 'zod';
import { DynamoStore } from '../../lambdas/adapters/dynamo-store.ts';
import type { UnreadableRecordError } from '../../lambdas/domain/errors.ts';
import { LISTINGS } from '../../lambdas/domain/model/table/listings.ts';
import { problemsOf } from '../../lambdas/domain/transaction/describe-unreadable.ts';
import { keyOf } from '../../lambdas/domain/transaction/unit-of-work.ts';
import { RECORDS_TABLE } from '../../lib/records-table.ts';
import { describeStore, type StoreSetup } from '../contracts/store-contract.ts';
import { aRelease } from '../harness/builders.ts';
import { createTable, dynamoAccess, dynamoClient, startDynamoDbLocal } from '../harness/dynamodb-local.ts';
import { mockedClient } from '../harness/mocked-client.ts';
import { isMotoInstalled, startMoto } from '../harness/moto.ts';
import type { ServerProcess } from '../harness/server-process.ts';
import {
  type StandInTable,
  startStandInTable,
  type TableAnswer,
  type TableRequest,
} from '../harness/stand-in-table.ts';

describeStore('DynamoStore on DynamoDB Local', onServer(startDynamoDbLocal));
// moto serves each request in a thread of its own and does not isolate transactions, so races prove nothing there.
if (isMotoInstalled()) describeStore('DynamoStore on moto', { ...onServer(startMoto), isAtomic: false });

describe('a record with an end', () => {
  test('tells the table when to delete it, in seconds', async () => {
    const server = await startDynamoDbLocal();
    const client = dynamoClient(server.endpoint);
    try {
      await createTable(client, 'ending');
      const store = new DynamoStore('ending', dynamoAccess(server.endpoint));
      const mark = 'a'.repeat(64);
      const kept = { mark, body: mark, state: { is: 'begun' as const }, expiresAt: '2026-12-01T10:00:00.001Z' };
      await store.transact(async (transaction) => transaction.insert('keptRequest', kept));
      await writeRelease(store);
      const read = async (Key: Record<string, string>) =>
        (await DynamoDBDocumentClient.from(client).send(new GetCommand({ TableName: 'ending', Key }))).Item;
      expect(await read(keyOf('keptRequest', { mark }))).toMatchObject({
        [RECORDS_TABLE.timeToLive]: Date.parse('2026-12-01T10:00:01Z') / 1000,
      });
      expect(await read(keyOf('release', { application: 'my-app', number: 1 }))).not.toHaveProperty(
        RECORDS_TABLE.timeToLive,
      );
    } finally {
      await server.stop();
    }
  });

  const writeRelease = (store: DynamoStore) =>
    store.transact(async (transaction) => transaction.insert('release', aRelease({ number: 1 })));
});

describe('DynamoStore, when DynamoDB', () => {
  const named = (name: string): Error => Object.assign(new Error(`${name} for the test`), { name });
  const canceled = (...codes: string[]) =>
    new TransactionCanceledException({
      $metadata: {},
      message: 'Transaction cancelled',
      CancellationReasons: codes.map((Code) => ({ Code })),
    });
  let table: StandInTable;
  /** Returns the table's answer to a read. */
  let answer: (request: TableRequest) => TableAnswer | undefined;
  beforeAll(async () => {
    table = await startStandInTable((request) => answer(request));
  });
  afterAll(() => table.close());
  beforeEach(() => {
    answer = () => ({ body: {} });
  });
  const openStore = () => new DynamoStore('t', dynamoAccess(table.endpoint));
  /** Makes a store on an empty table whose first commit fails. */
  function failing(error: Error): { store: DynamoStore; commits: () => number } {
    const mock = mockedClient(DynamoDBDocumentClient);
    mock.on(TransactWriteCommand).rejectsOnce(error).resolves({});
    return { store: openStore(), commits: () => mock.commandCalls(TransactWriteCommand).length };
  }
  const writeOne = (store: DynamoStore) =>
    store.transact(async (transaction) => {
      await transaction.get('releaseLog', { application: 'my-app' });
      transaction.put('releaseLog', { application: 'my-app', newest: 1 });
      return 'written';
    });

  test.each([
    ['another transaction holds an item', canceled('None', 'TransactionConflict')],
    ['a condition does not hold', canceled('ConditionalCheckFailed', 'None')],
    ['both happen at once', canceled('TransactionConflict', 'ConditionalCheckFailed')],
  ])('cancels because %s, the attempt runs again', async (_, error) => {
    const { store, commits } = failing(error);
    expect(await writeOne(store)).toBe('written');
    expect(commits()).toBe(2);
  });

  test.each([
    ['cancels for its own throttling', canceled('TransactionConflict', 'ThrottlingError')],
    ['cancels because an item is too large', canceled('ValidationError')],
    ['cancels without a reason', canceled()],
    ['finds the request invalid', named('ValidationException')],
    ['throttles', named('ThrottlingException')],
    ['denies access', named('AccessDeniedException')],
  ])('%s, the error comes through at once', async (_, error) => {
    const { store, commits } = failing(error);
    await expect(writeOne(store)).rejects.toBe(error);
    expect(commits()).toBe(1);
  });

  test('denies the read, that error comes through at once', async () => {
    const asked = table.requests.length;
    answer = () => ({
      status: 400,
      body: { __type: 'com.amazon.coral.service#AccessDeniedException', Message: 'not you' },
    });
    await expect(writeOne(openStore())).rejects.toMatchObject({ name: 'AccessDeniedException', message: 'not you' });
    expect(table.requests.length - asked).toBe(1);
  });

  test.each<[string, TableAnswer | undefined]>([
    ['hangs up', undefined],
    ['has an error of its own', { status: 500, body: { __type: 'InternalServerError', message: 'once more' } }],
    ['is not there and says so in HTML', { status: 503, body: '<html>503</html>' }],
  ])('%s, the read is tried again', async (_, failure) => {
    const asked = table.requests.length;
    answer = () => (table.requests.length - asked === 1 ? failure : { body: {} });
    expect(await openStore().get('releaseLog', { application: 'my-app' })).toBeUndefined();
    expect(table.requests.length - asked).toBe(2);
  });

  test('throttles the read, it is tried again later', async () => {
    const asked = table.requests.length;
    const type = 'com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException';
    answer = () =>
      table.requests.length - asked === 1 ? { status: 400, body: { __type: type, message: 'slower' } } : { body: {} };
    expect(await openStore().get('releaseLog', { application: 'my-app' })).toBeUndefined();
    expect(table.requests.length - asked).toBe(2);
  });

  test('stays away, its error comes through after the attempts the SDK would make', async () => {
    const asked = table.requests.length;
    answer = () => ({ status: 500, body: { __type: 'InternalServerError', message: 'never' } });
    await expect(openStore().get('releaseLog', { application: 'my-app' })).rejects.toMatchObject({
      name: 'ServiceUnavailableError',
      cause: { message: 'never' },
    });
    expect(table.requests.length - asked).toBe(4);
  });

  const keyOfLog = (application: string) => ({ pk: { S: `APP#${application}` }, sk: { S: 'RELEASES' } });
  const logOf = (application: string, newest: number) => ({
    ...keyOfLog(application),
    version: { N: '1' },
    data: { S: JSON.stringify({ application, newest }) },
  });

  test('is asked for records side by side, they come in one request, each once, to whoever asked', async () => {
    const asked = table.requests.length;
    answer = () => ({ body: { Responses: { t: [logOf('b', 2), logOf('a', 1)] } } });
    const store = openStore();
    const names = ['a', 'b', 'absent', 'a'];
    const found = await Promise.all(names.map((application) => store.get('releaseLog', { application })));
    expect(found.map((log) => log?.newest)).toEqual([1, 2, undefined, 1]);
    const Keys = ['a', 'b', 'absent'].map(keyOfLog);
    expect(table.requests.slice(asked).map(({ action, body }) => ({ action, body }))).toEqual([
      { action: 'BatchGetItem', body: { RequestItems: { t: { Keys, ConsistentRead: true } } } },
    ]);
  });

  test('leaves records out of an answer, those are asked for again', async () => {
    const asked = table.requests.length;
    answer = () =>
      table.requests.length - asked === 1
        ? { body: { Responses: { t: [logOf('a', 1)] }, UnprocessedKeys: { t: { Keys: [keyOfLog('b')] } } } }
        : { body: { Responses: { t: [logOf('b', 2)] }, UnprocessedKeys: {} } };
    const store = openStore();
    const found = await Promise.all(['a', 'b'].map((application) => store.get('releaseLog', { application })));
    expect(found.map((log) => log?.newest)).toEqual([1, 2]);
    const keys = table.requests.slice(asked).map(({ body }) => body);
    expect(keys).toMatchObject([
      { RequestItems: { t: { Keys: [keyOfLog('a'), keyOfLog('b')] } } },
      { RequestItems: { t: { Keys: [keyOfLog('b')] } } },
    ]);
  });

  test('leaves records out again and again, whoever asked for one of them hears of it', async () => {
    answer = () => ({ body: { Responses: {}, UnprocessedKeys: { t: { Keys: [keyOfLog('a'), keyOfLog('b')] } } } });
    const store = openStore();
    const both = await Promise.allSettled(['a', 'b'].map((application) => store.get('releaseLog', { application })));
    expect(both).toMatchObject([
      { status: 'rejected', reason: { cause: { message: '2 of 2 items were left out' } } },
      { status: 'rejected', reason: { cause: { message: '2 of 2 items were left out' } } },
    ]);
  });

  test('is asked for more records than fit into one request, they come in several', async () => {
    const asked = table.requests.length;
    answer = ({ body }) => ({
      body: {
        Responses: { t: RequestSchema.parse(body).RequestItems.t.Keys.map(({ pk }) => logOf(pk.S.slice(4), 7)) },
      },
    });
    const store = openStore();
    const names = Array.from({ length: 150 }, (_, index) => `app-${index}`);
    const found = await Promise.all(names.map((application) => store.get('releaseLog', { application })));
    expect(found.map((log) => [log?.application, log?.newest])).toEqual(names.map((name) => [name, 7]));
    const sizes = table.requests.slice(asked).map(({ body }) => RequestSchema.parse(body).RequestItems.t.Keys.length);
    expect(sizes).toEqual([100, 50]);
  });

  test.each([
    ['no data', { pk: { S: 'APP#my-app' }, sk: { S: 'RELEASES' }, version: { N: '1' } }],
    ['data that is no JSON', { pk: { S: 'APP#my-app' }, sk: { S: 'RELEASES' }, version: { N: '1' }, data: { S: '{' } }],
    [
      'no version',
      {
        pk: { S: 'APP#my-app' },
        sk: { S: 'RELEASES' },
        data: { S: '{"application":"my-app","newest":1}' },
      },
    ],
  ])('holds an item with %s, reading fails naming it', async (_, Item) => {
    answer = () => ({ body: { Item } });
    const read = openStore().get('releaseLog', { application: 'my-app' });
    await expect(read).rejects.toThrow('reading the releaseLog record APP#my-app RELEASES');
  });

  test('is asked, the request is signed for the region', async () => {
    await openStore().get('releaseLog', { application: 'my-app' });
    const { headers, action, body } = table.requests.at(-1) ?? {};
    expect({ action, body }).toEqual({
      action: 'GetItem',
      body: { TableName: 't', Key: { pk: { S: 'APP#my-app' }, sk: { S: 'RELEASES' } }, ConsistentRead: true },
    });
    expect(headers?.authorization).toMatch(
      /^AWS4-HMAC-SHA256 Credential=[0-9a-f]{32}\/\d{8}\/eu-west-1\/dynamodb\/aws4_request, SignedHeaders=[^ ]*host[^ ]*x-amz-target, Signature=[0-9a-f]{64}$/,
    );
  });
});

describe('an item that is no record', () => {
  const SECRET = 'hunter2';
  const place = { pk: { S: 'APP#my-app' }, sk: { S: 'RELEASE#0000001' } };
  let table: StandInTable;
  let item: Record<string, unknown>;
  const reported: UnreadableRecordError[] = [];
  beforeAll(async () => {
    table = await startStandInTable(({ action }) => ({
      body: action === 'Query' ? { Items: [item] } : { Item: item },
    }));
  });
  afterAll(() => table.close());
  beforeEach(() => {
    reported.length = 0;
  });

  test.each([
    ['without content', { ...place, version: { N: '1' } }, ['the record: invalid type (expected object)']],
    [
      'with content that is no JSON',
      { ...place, version: { N: '1' }, data: { S: SECRET } },
      ['the record: invalid type (expected object)'],
    ],
    ['without a version', { ...place, data: { S: `"${SECRET}"` } }, ['the record: invalid type (expected object)']],
    [
      'with attributes of types that no record has',
      { ...place, version: { N: '1' }, data: { M: { of: { S: SECRET } } }, flag: { BOOL: true } },
      ['the record: invalid type (expected object)'],
    ],
    [
      'with fields that do not fit',
      { ...place, version: { N: '1' }, data: { S: JSON.stringify({ ...aRelease(), number: SECRET, commit: SECRET }) } },
      ['number: invalid type (expected number)', 'commit: invalid format'],
    ],
  ])('%s is named and reported each time, without what it contains', async (_, stored, problems) => {
    item = stored;
    const store = new DynamoStore('t', dynamoAccess(table.endpoint), {
      report: async (unreadable) => void reported.push(unreadable),
    });
    const named = { kind: 'release', pk: 'APP#my-app', sk: 'RELEASE#0000001' };
    expect(await store.list(LISTINGS.releases('my-app'))).toMatchObject({ items: [], unreadable: [named] });
    await expect(store.get('release', aRelease())).rejects.toMatchObject(named);
    const ahead = await store.readAhead();
    await expect(ahead.get('release', aRelease())).rejects.toMatchObject(named);
    await expect(store.transact((transaction) => transaction.get('release', aRelease()))).rejects.toMatchObject(named);
    expect(reported).toHaveLength(4);
    expect(reported.map(problemsOf)).toEqual(Array(4).fill(problems));
    expect(inspect(reported, { depth: 9 })).not.toContain(SECRET);
  });
});

const RequestSchema = z.object({
  RequestItems: z.object({ t: z.object({ Keys: z.array(z.object({ pk: z.object({ S: z.string() }) })) }) }),
});

function onServer(startIt: () => Promise<ServerProcess>): StoreSetup {
  let server: ServerProcess;
  let client: DynamoDBClient;
  let table = '';
  async function open(pause?: () => Promise<void>): Promise<DynamoStore> {
    table = `records-${randomUUID()}`;
    await createTable(client, table);
    return new DynamoStore(table, dynamoAccess(server.endpoint), pause && { pause });
  }
  return {
    start: async () => {
      server = await startIt();
      client = dynamoClient(server.endpoint);
    },
    stop: () => server.stop(),
    open: () => open(),
    openWithoutPauses: () => open(async () => {}),
    corrupt: async (kind, key, data) => {
      await DynamoDBDocumentClient.from(client).send(
        new UpdateCommand({
          TableName: table,
          Key: keyOf(kind, key),
          UpdateExpression: 'SET #data = :data',
          ExpressionAttributeNames: { '#data': 'data' },
          ExpressionAttributeValues: { ':data': JSON.stringify(data) },
        }),
      );
    },
  };
}
