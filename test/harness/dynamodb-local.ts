import { randomUUID } from 'node:crypto';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { openDatabase } from '../../local/persistence/database.ts';
import { startDynamoDb } from '../../local/services/dynamodb/dynamodb-process.ts';
import type { ServerProcess } from './server-process.ts';
import { DYNAMODB_PORT } from './shared-dynamodb.mjs';

/** Returns the port of the DynamoDB Local that the suites of a run use together; undefined outside of such a run. */
export function sharedDynamoDbPort(): number | undefined {
  const port = process.env[DYNAMODB_PORT];
  return port === undefined ? undefined : Number(port);
}

/** Starts Amazon's DynamoDB Local in memory, or joins that of the run, without the local cloud in front of it. */
export async function startDynamoDbLocal(): Promise<ServerProcess> {
  const shared = sharedDynamoDbPort();
  if (shared !== undefined) return { endpoint: `http://127.0.0.1:${shared}`, stop: async () => {} };
  const { port, stop } = await startDynamoDb({ database: openDatabase(undefined), log: () => {} }, undefined);
  return { endpoint: `http://127.0.0.1:${port}`, stop };
}

/** The suite's own: suites that use one DynamoDB Local have their own tables by their keys. */
const accessKeyId = randomUUID().replaceAll('-', '');

/** Returns how to reach a server that takes the place of DynamoDB. */
export const dynamoAccess = (endpoint: string, region = 'eu-west-1') => ({
  endpoint,
  region,
  credentials: { accessKeyId, secretAccessKey: 'test' },
});

export const dynamoClient = (endpoint: string, region?: string): DynamoDBClient =>
  new DynamoDBClient(dynamoAccess(endpoint, region));

/** Creates the one table, as the stack defines it. */
export async function createTable(client: DynamoDBClient, table: string): Promise<void> {
  const text = (AttributeName: string) => ({ AttributeName, AttributeType: 'S' as const });
  const keys = (hash: string, range: string) => [
    { AttributeName: hash, KeyType: 'HASH' as const },
    { AttributeName: range, KeyType: 'RANGE' as const },
  ];
  await client.send(
    new CreateTableCommand({
      TableName: table,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [text('pk'), text('sk'), text('gsi1pk'), text('gsi1sk')],
      KeySchema: keys('pk', 'sk'),
      GlobalSecondaryIndexes: [
        { IndexName: 'gsi1', KeySchema: keys('gsi1pk', 'gsi1sk'), Projection: { ProjectionType: 'ALL' } },
      ],
    }),
  );
}
