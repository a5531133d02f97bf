import { randomUUID } from 'node:crypto';
import { type DynamoDBClient, TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, TransactWriteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import { DynamoStore } from '../../lambdas/adapters/dynamo-store.ts';
import { keyOf } from '../../lambdas/domain/unit-of-work.ts';
import { describeStore, type StoreSetup } from '../contracts/store-contract.ts';
import { createTable, dynamoAccess, dynamoClient, startDynamoDbLocal } from '../dynamodb-local.ts';
import { isMotoInstalled, startMoto } from '../moto.ts';
import type { ServerProcess } from '../server-process.ts';
import { type StandInTable, startStandInTable, type TableAnswer, type TableRequest } from '../stand-in-table.ts';

describeStore('DynamoStore on DynamoDB Local', onServer(startDynamoDbLocal));
// moto serves each request in a thread of its own without isolating transactions: races prove nothing there.
if (isMotoInstalled()) describeStore('DynamoStore on moto', { ...onServer(startMoto), isAtomic: false });

describe('DynamoStore, when DynamoDB', () => {
  const named = (name: string): Error => Object.assign(new Error(`${name} for the test`), { name });
  const canceled = (...codes: string[]) =>
    new TransactionCanceledException({
      $metadata: {},
      message: 'Transaction cancelled',
      CancellationReasons: codes.map((Code) => ({ Code })),
    });
  let table: StandInTable;
  /** What the table answers to reads. */
  let answer: (request: TableRequest) => TableAnswer | undefined;
  beforeAll(async () => {
    table = await startStandInTable((request) => answer(request));
  });
  afterAll(() => table.close());
  beforeEach(() => {
    answer = () => ({ body: {} });
  });
  const openStore = () => new DynamoStore('t', dynamoAccess(table.endpoint));
  /** A table without records whose first commit fails. */
  function failing(error: Error): { store: DynamoStore; commits: () => number } {
    const mock = mockClient(DynamoDBDocumentClient);
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
    await expect(openStore().get('releaseLog', { application: 'my-app' })).rejects.toThrow('never');
    expect(table.requests.length - asked).toBe(4);
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
    await expect(read).rejects.toThrow('reading the item APP#my-app RELEASES');
  });

  test('is asked, the request is signed for the region', async () => {
    await openStore().get('releaseLog', { application: 'my-app' });
    const { headers, action, body } = table.requests.at(-1) ?? {};
    expect({ action, body }).toEqual({
      action: 'GetItem',
      body: { TableName: 't', Key: { pk: { S: 'APP#my-app' }, sk: { S: 'RELEASES' } }, ConsistentRead: true },
    });
    expect(headers?.authorization).toMatch(
      /^AWS4-HMAC-SHA256 Credential=test\/\d{8}\/eu-west-1\/dynamodb\/aws4_request, SignedHeaders=[^ ]*host[^ ]*x-amz-target, Signature=[0-9a-f]{64}$/,
    );
  });
});

function onServer(startIt: () => Promise<ServerProcess>): StoreSetup {
  let server: ServerProcess;
  let client: DynamoDBClient;
  let table = '';
  async function open(pause?: () => Promise<void>): Promise<DynamoStore> {
    table = `records-${randomUUID()}`;
    await createTable(client, table);
    return new DynamoStore(table, dynamoAccess(server.endpoint), pause);
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
