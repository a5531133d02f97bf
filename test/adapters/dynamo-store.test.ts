import { randomUUID } from 'node:crypto';
import { type DynamoDBClient, TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand, TransactWriteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { describe, expect, test } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import { DynamoStore } from '../../lambdas/adapters/dynamo-store.ts';
import { keyOf } from '../../lambdas/domain/unit-of-work.ts';
import { describeStore, type StoreSetup } from '../contracts/store-contract.ts';
import { createTable, dynamoClient, startDynamoDbLocal } from '../dynamodb-local.ts';
import { isMotoInstalled, startMoto } from '../moto.ts';
import type { ServerProcess } from '../server-process.ts';

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
  /** A table without records whose first commit fails. */
  function failing(error: Error): { store: DynamoStore; commits: () => number } {
    const mock = mockClient(DynamoDBDocumentClient);
    mock.on(GetCommand).resolves({});
    mock.on(TransactWriteCommand).rejectsOnce(error).resolves({});
    return { store: new DynamoStore('t'), commits: () => mock.commandCalls(TransactWriteCommand).length };
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

  test('denies the read, that error comes through', async () => {
    const denied = named('AccessDeniedException');
    mockClient(DynamoDBDocumentClient).on(GetCommand).rejects(denied);
    await expect(writeOne(new DynamoStore('t'))).rejects.toBe(denied);
  });

  test.each([
    ['no data', { pk: 'APP#my-app', sk: 'RELEASES', version: 1 }],
    ['data that is no JSON', { pk: 'APP#my-app', sk: 'RELEASES', version: 1, data: '{' }],
    ['no version', { pk: 'APP#my-app', sk: 'RELEASES', data: '{"application":"my-app","newest":1}' }],
  ])('holds an item with %s, reading fails naming it', async (_, Item) => {
    mockClient(DynamoDBDocumentClient).on(GetCommand).resolves({ Item });
    const read = new DynamoStore('t').get('releaseLog', { application: 'my-app' });
    await expect(read).rejects.toThrow('reading the item APP#my-app RELEASES');
  });
});

function onServer(startIt: () => Promise<ServerProcess>): StoreSetup {
  let server: ServerProcess;
  let client: DynamoDBClient;
  let table = '';
  return {
    start: async () => {
      server = await startIt();
      client = dynamoClient(server.endpoint);
    },
    stop: () => server.stop(),
    open: async () => {
      table = `records-${randomUUID()}`;
      await createTable(client, table);
      return new DynamoStore(table, client);
    },
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
