import { execFileSync } from 'node:child_process';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  DeleteItemCommand,
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  TransactGetItemsCommand,
  type TransactWriteItem,
  TransactWriteItemsCommand,
  UpdateItemCommand,
  type WriteRequest,
} from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openDatabase } from '../../../local/persistence/database.ts';
import { joinDynamoDb, startDynamoDb } from '../../../local/services/dynamodb/dynamodb-process.ts';
import { ACCOUNT, type CoreCloud, openCoreCloud } from '../core-cloud.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

const TABLE_ARN = `arn:aws:dynamodb:eu-west-1:${ACCOUNT}:table/main`;
const root = { AWS: `arn:aws:iam::${ACCOUNT}:root` };

const attributes = (...names: string[]) => names.map((AttributeName) => ({ AttributeName, AttributeType: 'S' }));

const table = (more: Record<string, unknown> = {}) => ({
  Type: 'AWS::DynamoDB::Table',
  Properties: {
    TableName: 'main',
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: attributes('pk', 'sk', 'status'),
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
    GlobalSecondaryIndexes: [
      {
        IndexName: 'byStatus',
        KeySchema: [{ AttributeName: 'status', KeyType: 'HASH' }],
        Projection: { ProjectionType: 'ALL' },
      },
    ],
    PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
    DeletionProtectionEnabled: true,
    ...more,
  },
});

const resources = {
  Key: {
    Type: 'AWS::KMS::Key',
    Properties: { KeyPolicy: { Statement: [{ Effect: 'Allow', Principal: root, Action: 'kms:*', Resource: '*' }] } },
  },
  Table: table({
    SSESpecification: { SSEEnabled: true, SSEType: 'KMS', KMSMasterKeyId: { 'Fn::GetAtt': ['Key', 'Arn'] } },
  }),
};

const item = (pk: string, more = {}) => ({ pk: { S: pk }, sk: { S: '-' }, ...more });
const TableName = 'main';

describe('DynamoDB', () => {
  let cloud: CoreCloud;
  let operator: DynamoDBClient;
  let keyArn: string;
  beforeAll(async () => {
    cloud = await openCoreCloud({ resources });
    operator = new DynamoDBClient(cloud.operator);
    keyArn = cloud.stack.resources.get('Key')?.attributes.Arn ?? '';
  });
  afterAll(() => cloud.stop());

  const clientWith = async (actions: readonly string[], Resource: string | string[] = TABLE_ARN) =>
    new DynamoDBClient(
      await cloud.clientOf([
        { Effect: 'Allow', Action: actions, Resource },
        { Effect: 'Allow', Action: 'kms:Decrypt', Resource: keyArn },
      ]),
    );

  test('keeps items, with conditions and transactions', async () => {
    await operator.send(new PutItemCommand({ TableName, Item: item('a', { status: { S: 'open' } }) }));
    expect((await operator.send(new GetItemCommand({ TableName, Key: item('a') }))).Item?.status).toEqual({
      S: 'open',
    });
    await expect(
      operator.send(
        new PutItemCommand({ TableName, Item: item('a'), ConditionExpression: 'attribute_not_exists(pk)' }),
      ),
    ).rejects.toMatchObject({ name: 'ConditionalCheckFailedException' });
    await expect(
      operator.send(
        new TransactWriteItemsCommand({
          TransactItems: [
            { Put: { TableName, Item: item('b') } },
            { ConditionCheck: { TableName, Key: item('none'), ConditionExpression: 'attribute_exists(pk)' } },
          ],
        }),
      ),
    ).rejects.toMatchObject({
      name: 'TransactionCanceledException',
      CancellationReasons: [{ Code: 'None' }, { Code: 'ConditionalCheckFailed' }],
    });
    expect((await operator.send(new GetItemCommand({ TableName, Key: item('b') }))).Item).toBeUndefined();
  });

  test('describes the table under its own ARN', async () => {
    const { Table } = await operator.send(new DescribeTableCommand({ TableName }));
    expect(Table).toMatchObject({
      TableArn: TABLE_ARN,
      GlobalSecondaryIndexes: [{ IndexName: 'byStatus', IndexArn: `${TABLE_ARN}/index/byStatus` }],
    });
  });

  test('each operation needs its own action', async () => {
    const reader = await clientWith(['dynamodb:GetItem']);
    await expect(reader.send(new GetItemCommand({ TableName, Key: item('a') }))).resolves.toBeDefined();
    await expect(reader.send(new PutItemCommand({ TableName, Item: item('c') }))).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringContaining(
        `is not authorized to perform: dynamodb:PutItem on resource: ${TABLE_ARN} because no identity-based policy allows`,
      ),
    });
    await expect(
      reader.send(new BatchGetItemCommand({ RequestItems: { main: { Keys: [item('a')] } } })),
    ).rejects.toMatchObject({
      message: expect.stringContaining('dynamodb:BatchGetItem'),
    });
    await expect(
      reader.send(new TransactGetItemsCommand({ TransactItems: [{ Get: { TableName, Key: item('a') } }] })),
    ).resolves.toBeDefined();
  });

  describe('a policy by partition key', () => {
    const own = async () =>
      new DynamoDBClient(
        await cloud.clientOf([
          {
            Effect: 'Allow',
            Action: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:ConditionCheckItem', 'dynamodb:Query'],
            Resource: TABLE_ARN,
            Condition: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['OWN#*'] } },
          },
          { Effect: 'Allow', Action: 'kms:Decrypt', Resource: keyArn },
        ]),
      );
    const put = (pk: string) => ({ Put: { TableName, Item: item(pk) } });
    const check = (pk: string) => ({
      ConditionCheck: { TableName, Key: item(pk), ConditionExpression: 'attribute_not_exists(pk)' },
    });

    test('lets through what has that key', async () => {
      const client = await own();
      await client.send(new PutItemCommand({ TableName, Item: item('OWN#1') }));
      expect((await client.send(new GetItemCommand({ TableName, Key: item('OWN#1') }))).Item).toBeDefined();
      await client.send(new TransactWriteItemsCommand({ TransactItems: [put('OWN#2'), check('OWN#3')] }));
    });

    test.each([
      ['a foreign item read', new GetItemCommand({ TableName, Key: item('a') })],
      ['a foreign item written', new PutItemCommand({ TableName, Item: item('OTHER#1') })],
      ['an item whose key only contains it', new PutItemCommand({ TableName, Item: item('x-OWN#1') })],
      ['one foreign item in a transaction', new TransactWriteItemsCommand({ TransactItems: [put('OWN#4'), put('b')] })],
      ['a foreign item checked', new TransactWriteItemsCommand({ TransactItems: [put('OWN#4'), check('b')] })],
      [
        'a query',
        new QueryCommand({
          TableName,
          KeyConditionExpression: 'pk = :pk',
          ExpressionAttributeValues: { ':pk': { S: 'OTHER#1' } },
        }),
      ],
    ])('refuses %s', async (_, command) => {
      const client = await own();
      await expect(client.send(command as PutItemCommand)).rejects.toMatchObject({ name: 'AccessDeniedException' });
      expect((await operator.send(new GetItemCommand({ TableName, Key: item('OWN#4') }))).Item).toBeUndefined();
    });
  });

  describe('dynamodb:LeadingKeys', () => {
    const audit = item('AUDIT#my-app');
    const SET = { UpdateExpression: 'SET note = :n', ExpressionAttributeValues: { ':n': { S: 'x' } } };
    const ALL = ['GetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'Query', 'BatchGetItem', 'BatchWriteItem'];
    const actions = [...ALL, 'ConditionCheckItem'].map((action) => `dynamodb:${action}`);
    const ofPartition = (pk: string) =>
      new QueryCommand({
        TableName,
        KeyConditionExpression: '#k = :k AND begins_with(sk, :s)',
        ExpressionAttributeNames: { '#k': 'pk' },
        ExpressionAttributeValues: { ':k': { S: pk }, ':s': { S: '-' } },
      });
    const inTransaction = (write: TransactWriteItem) =>
      new TransactWriteItemsCommand({ TransactItems: [{ Put: { TableName, Item: item('beside') } }, write] });
    const inBatch = (write: WriteRequest) =>
      new BatchWriteItemCommand({ RequestItems: { main: [{ PutRequest: { Item: item('beside') } }, write] } });
    let kept: DynamoDBClient;
    beforeAll(async () => {
      kept = new DynamoDBClient(
        await cloud.clientOf([
          { Effect: 'Allow', Action: actions, Resource: TABLE_ARN },
          { Effect: 'Allow', Action: 'kms:Decrypt', Resource: keyArn },
          {
            Effect: 'Deny',
            Action: actions.filter((action) => action !== 'dynamodb:GetItem'),
            Resource: TABLE_ARN,
            Condition: { 'ForAnyValue:StringLike': { 'dynamodb:LeadingKeys': 'AUDIT#*' } },
          },
        ]),
      );
      await operator.send(new PutItemCommand({ TableName, Item: audit }));
    });

    test.each([
      ['PutItem', new PutItemCommand({ TableName, Item: audit })],
      ['UpdateItem', new UpdateItemCommand({ TableName, Key: audit, ...SET })],
      ['DeleteItem', new DeleteItemCommand({ TableName, Key: audit })],
      ['Query', ofPartition('AUDIT#my-app')],
      ['BatchGetItem', new BatchGetItemCommand({ RequestItems: { main: { Keys: [item('a'), audit] } } })],
      ['BatchWriteItem with a put', inBatch({ PutRequest: { Item: audit } })],
      ['BatchWriteItem with a deletion', inBatch({ DeleteRequest: { Key: audit } })],
      ['a transaction with a put', inTransaction({ Put: { TableName, Item: audit } })],
      ['a transaction with an update', inTransaction({ Update: { TableName, Key: audit, ...SET } })],
      ['a transaction with a deletion', inTransaction({ Delete: { TableName, Key: audit } })],
      [
        'a transaction with a check',
        inTransaction({
          ConditionCheck: { TableName, Key: audit, ConditionExpression: 'attribute_exists(pk)' },
        }),
      ],
    ])('refuses what is in those partitions: %s', async (_, command) => {
      const before = (await operator.send(new GetItemCommand({ TableName, Key: audit }))).Item;
      await expect(kept.send(command as PutItemCommand)).rejects.toMatchObject({
        name: 'AccessDeniedException',
        message: expect.stringContaining('explicit deny'),
      });
      expect((await operator.send(new GetItemCommand({ TableName, Key: audit }))).Item).toEqual(before);
    });

    test('leaves what is in others, and what is not refused', async () => {
      for (const command of [
        new PutItemCommand({ TableName, Item: item('AUDITS') }),
        new UpdateItemCommand({ TableName, Key: item('AUDITS'), ...SET }),
        inTransaction({ Delete: { TableName, Key: item('AUDITS') } }),
        inBatch({ DeleteRequest: { Key: item('AUDITS') } }),
        ofPartition('AUDITS'),
        new GetItemCommand({ TableName, Key: audit }),
      ])
        await expect(kept.send(command as PutItemCommand)).resolves.toBeDefined();
    });
  });

  test.each<[string, TransactWriteItem]>([
    ['PutItem', { Put: { TableName, Item: item('t') } }],
    [
      'UpdateItem',
      {
        Update: {
          TableName,
          Key: item('t'),
          UpdateExpression: 'SET x = :x',
          ExpressionAttributeValues: { ':x': { S: '1' } },
        },
      },
    ],
    ['DeleteItem', { Delete: { TableName, Key: item('t') } }],
    [
      'ConditionCheckItem',
      { ConditionCheck: { TableName, Key: item('t'), ConditionExpression: 'attribute_not_exists(pk)' } },
    ],
  ])('a transaction needs %s for each such item in it', async (action, transactItem) => {
    const others = ['PutItem', 'UpdateItem', 'DeleteItem', 'ConditionCheckItem'].filter((other) => other !== action);
    const without = await clientWith(others.map((other) => `dynamodb:${other}`));
    const first: TransactWriteItem =
      action === 'DeleteItem' ? { Put: { TableName, Item: item('u') } } : { Delete: { TableName, Key: item('u') } };
    const command = new TransactWriteItemsCommand({ TransactItems: [first, transactItem] });
    await expect(without.send(command)).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringContaining(`dynamodb:${action} on resource: ${TABLE_ARN}`),
    });
    const allowed = await clientWith([...others, action].map((each) => `dynamodb:${each}`));
    await expect(allowed.send(command)).resolves.toBeDefined();
  });

  test('an index is a resource of its own', async () => {
    const query = new QueryCommand({
      TableName,
      IndexName: 'byStatus',
      KeyConditionExpression: '#s = :s',
      ExpressionAttributeNames: { '#s': 'status' },
      ExpressionAttributeValues: { ':s': { S: 'open' } },
    });
    await expect((await clientWith(['dynamodb:Query'])).send(query)).rejects.toMatchObject({
      message: expect.stringContaining(`dynamodb:Query on resource: ${TABLE_ARN}/index/byStatus`),
    });
    const { Count } = await (await clientWith(['dynamodb:Query'], `${TABLE_ARN}/index/*`)).send(query);
    expect(Count).toBe(1);
  });

  test('items of an encrypted table need the key, through DynamoDB', async () => {
    const get = new GetItemCommand({ TableName, Key: item('a') });
    const statement = { Effect: 'Allow', Action: 'dynamodb:*', Resource: '*' };
    const without = new DynamoDBClient(await cloud.clientOf([statement]));
    await expect(without.send(get)).rejects.toMatchObject({
      message: expect.stringContaining(`kms:Decrypt on resource: ${keyArn}`),
    });
    const via = (service: string) => ({
      Effect: 'Allow',
      Action: 'kms:Decrypt',
      Resource: keyArn,
      Condition: { StringEquals: { 'kms:ViaService': `${service}.eu-west-1.amazonaws.com` } },
    });
    await expect(new DynamoDBClient(await cloud.clientOf([statement, via('s3')])).send(get)).rejects.toMatchObject({
      name: 'AccessDeniedException',
    });
    await expect(
      new DynamoDBClient(await cloud.clientOf([statement, via('dynamodb')])).send(get),
    ).resolves.toBeDefined();
  });

  test('tests can make a transaction lose against another', async () => {
    cloud.door.faults.add({
      service: 'dynamodb',
      operation: 'TransactWriteItems',
      times: 1,
      error: {
        code: 'TransactionCanceledException',
        message: 'Transaction cancelled',
        fields: {
          CancellationReasons: [{ Code: 'TransactionConflict', Message: 'Transaction is ongoing for the item' }],
        },
      },
    });
    const command = new TransactWriteItemsCommand({ TransactItems: [{ Put: { TableName, Item: item('z') } }] });
    await expect(operator.send(command)).rejects.toMatchObject({
      name: 'TransactionCanceledException',
      CancellationReasons: [{ Code: 'TransactionConflict' }],
    });
    await expect(operator.send(command)).resolves.toBeDefined();
  });

  test('an operation it does not know is named', async () => {
    await expect(cloud.door.call(cloud.callerOf([]), 'dynamodb', 'ExecuteStatement', {})).rejects.toThrow(
      'dynamodb:ExecuteStatement is not supported',
    );
  });
});

const reaches = (host: string, port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect({ host, port, timeout: 60_000 }, () => resolve(true));
    socket.on('error', () => resolve(false));
    socket.on('timeout', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });

/** These tests run at the same time: each has its own directory and processes, and mostly waits for them. */
describe('with a data directory', () => {
  test.concurrent('tables and items are kept, and new indexes are added', async () => {
    const dataDirectory = temporaryDirectory();
    const first = await openCoreCloud({
      resources: { Table: table({ GlobalSecondaryIndexes: [], AttributeDefinitions: attributes('pk', 'sk') }) },
      dataDirectory,
    });
    await new DynamoDBClient(first.operator).send(new UpdateItemCommand({ TableName, Key: item('kept') }));
    await first.stop();
    const second = await openCoreCloud({ resources: { Table: table() }, dataDirectory });
    const client = new DynamoDBClient(second.operator);
    expect((await client.send(new GetItemCommand({ TableName, Key: item('kept') }))).Item).toEqual(item('kept'));
    const { Table } = await client.send(new DescribeTableCommand({ TableName }));
    expect(Table?.GlobalSecondaryIndexes).toMatchObject([{ IndexName: 'byStatus', IndexStatus: 'ACTIVE' }]);
    await second.stop();
    const otherKeys = { KeySchema: [{ AttributeName: 'status', KeyType: 'HASH' }] };
    await expect(openCoreCloud({ resources: { Table: table(otherKeys) }, dataDirectory })).rejects.toThrow(
      'table main was created with the keys pk HASH, sk RANGE, the template now says status HASH: start with another data directory',
    );
  });

  test.concurrent('an index that was being filled when the cloud was killed can be used once the next one has started', async () => {
    const dataDirectory = temporaryDirectory();
    const { GlobalSecondaryIndexes: [index] = [], ...properties } = table().Properties;
    const engine = await startDynamoDb(
      { database: openDatabase(dataDirectory), log: () => {} },
      join(dataDirectory, 'dynamodb'),
    );
    const { KeySchema, BillingMode } = properties;
    const created = { TableName, KeySchema, BillingMode, AttributeDefinitions: attributes('pk', 'sk') };
    expect((await engine.send('CreateTable', JSON.stringify(created))).status).toBe(200);
    const AttributeDefinitions = attributes('pk', 'sk', 'status');
    const updated = { TableName, AttributeDefinitions, GlobalSecondaryIndexUpdates: [{ Create: index }] };
    expect((await engine.send('UpdateTable', JSON.stringify(updated))).body).toContain('CREATING');
    await engine.stop();
    const cloud = await openCoreCloud({ resources: { Table: table() }, dataDirectory });
    const { Table } = await new DynamoDBClient(cloud.operator).send(new DescribeTableCommand({ TableName }));
    expect(Table?.GlobalSecondaryIndexes).toMatchObject([{ IndexStatus: 'ACTIVE' }]);
    await cloud.stop();
    // The engine fills an index when it has time, on a busy machine only after minutes.
  });

  test.concurrent.each([
    ['written down when it was killed, and not begun', false],
    ['filled in part when it was killed', true],
  ])('an index that the engine had %s is made all the same', async (_, isBegun) => {
    const dataDirectory = temporaryDirectory();
    const { GlobalSecondaryIndexes: [index] = [], ...properties } = table().Properties;
    const withoutIndex = table({ GlobalSecondaryIndexes: [], AttributeDefinitions: attributes('pk', 'sk') });
    const first = await openCoreCloud({ resources: { Table: isBegun ? table() : withoutIndex }, dataDirectory });
    await new DynamoDBClient(first.operator).send(
      new PutItemCommand({ TableName, Item: item('kept', { status: { S: 'open' } }) }),
    );
    await first.stop();
    // What the killed engine leaves behind: the index without its column, or with the column and without its values.
    const engine = new DatabaseSync(join(dataDirectory, 'dynamodb', 'shared-local-instance.db'));
    const text = Buffer.from(Object(engine.prepare('SELECT TableInfo FROM dm').get()).TableInfo).toString('utf8');
    const info = JSON.parse(text);
    const column = {
      DynamoDBAttribute: { AttributeName: 'status', AttributeType: 'S' },
      KeyType: 'HASH',
      SQLiteColumnName: 'indexKey_0',
      SQLiteDataType: 'TEXT',
    };
    const killed = {
      ...info,
      Attributes: properties.AttributeDefinitions,
      GSIList: [index],
      GSIDescList: [{ ...index, IndexStatus: 'CREATING', Backfilling: true }],
      UniqueGSIIndexes: [[column]],
      SQLiteIndex: { ...info.SQLiteIndex, byStatus: [column] },
    };
    engine.prepare('UPDATE dm SET TableInfo = ?').run(Buffer.from(JSON.stringify(killed)));
    if (isBegun) engine.prepare('UPDATE main SET indexKey_0 = NULL').run();
    engine.close();

    const second = await openCoreCloud({ resources: { Table: table() }, dataDirectory });
    const client = new DynamoDBClient(second.operator);
    const { Table } = await client.send(new DescribeTableCommand({ TableName }));
    expect(Table?.GlobalSecondaryIndexes).toMatchObject([{ IndexName: 'byStatus', IndexStatus: 'ACTIVE' }]);
    const open = {
      TableName,
      IndexName: 'byStatus',
      KeyConditionExpression: '#s = :s',
      ExpressionAttributeNames: { '#s': 'status' },
      ExpressionAttributeValues: { ':s': { S: 'open' } },
    };
    expect((await client.send(new QueryCommand(open))).Items).toMatchObject([item('kept')]);
    await second.stop();
  });

  test.concurrent('two that join one DynamoDB Local have tables of their own', async () => {
    const running = await startDynamoDb({ database: openDatabase(undefined), log: () => {} }, undefined, 'ofEachKey');
    const [one, other] = [joinDynamoDb(running.port), joinDynamoDb(running.port)];
    const { KeySchema, BillingMode } = table().Properties;
    const created = { TableName, KeySchema, BillingMode, AttributeDefinitions: attributes('pk', 'sk') };
    expect((await one.send('CreateTable', JSON.stringify(created))).status).toBe(200);
    const tables = async ({ send }: typeof one) => JSON.parse((await send('ListTables', '{}')).body).TableNames;
    expect([await tables(one), await tables(other), await tables(running)]).toEqual([[TableName], [], []]);
    for (const { stop } of [one, other, running]) await stop();
  });

  test.concurrent('it listens on the loopback interface only; a leftover of a killed run is ended, but never another process with its number', async () => {
    const dataDirectory = temporaryDirectory();
    const database = openDatabase(dataDirectory);
    const record = database.collection<{ pid: number }>('dynamodb-process');
    const isAlive = (pid: number) => {
      try {
        process.kill(pid, 0);
        return true;
      } catch {
        return false;
      }
    };
    const leftover = await startDynamoDb({ database, log: () => {} }, join(dataDirectory, 'dynamodb'));
    const old = record.get('running');
    const { port } = leftover;
    expect(await reaches('127.0.0.1', port)).toBe(true);
    const outside = Object.values(networkInterfaces()).flatMap((all) =>
      (all ?? []).filter(({ internal }) => !internal),
    );
    const reached = await Promise.all(outside.map(({ address }) => reaches(address, port)));
    expect(reached).toEqual(outside.map(() => false));
    const next = await startDynamoDb({ database, log: () => {} }, join(dataDirectory, 'dynamodb'));
    expect(isAlive(old?.pid ?? 0)).toBe(false);
    await next.stop();
    await leftover.stop();
    expect(record.get('running')).toBeUndefined();

    const innocent = execFileSync('sh', ['-c', 'sleep 3600 >/dev/null 2>&1 & echo $!'], { encoding: 'utf8' });
    try {
      record.put('running', { pid: Number(innocent) });
      const third = await startDynamoDb({ database, log: () => {} }, join(dataDirectory, 'dynamodb'));
      expect(isAlive(Number(innocent))).toBe(true);
      await third.stop();
    } finally {
      process.kill(Number(innocent));
      database.close();
    }
  });
});
