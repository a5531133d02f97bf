import {
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  type DynamoDBClient,
  ListTagsOfResourceCommand,
  type TableDescription,
} from '@aws-sdk/client-dynamodb';
import { RECORDS_TABLE, STACK_TAGS } from '../../lib/records-table.ts';

/** A setting that a table does not have, and the command that sets it. Without one, restore the table again. */
export interface Lacking {
  readonly setting: string;
  readonly found: string;
  readonly command?: string;
}

/**
 * Returns the settings that the table lacks. A restore brings back keys, indexes and records; it leaves out the time to
 * live, backups, protection against deletion and tags.
 * Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/PointInTimeRecovery.Tutorial.html
 */
export async function lackingSettings(client: DynamoDBClient, table: string): Promise<Lacking[]> {
  const { Table: described } = await client.send(new DescribeTableCommand({ TableName: table }));
  if (!described) throw new Error(`table ${table} does not exist`);
  return [
    ...lackingShape(described),
    ...lackingProtection(described, table),
    ...(await lackingTimeToLive(client, table)),
    ...(await lackingBackups(client, table)),
    ...(await lackingTags(client, described)),
  ];
}

function lackingShape({ KeySchema = [], GlobalSecondaryIndexes = [], ...table }: TableDescription): Lacking[] {
  const { partitionKey, sortKey, index } = RECORDS_TABLE;
  const keys = (schema: typeof KeySchema) => schema.map(({ AttributeName }) => AttributeName).join(', ');
  const found = GlobalSecondaryIndexes.find(({ IndexName }) => IndexName === index.name);
  const isActive = found?.IndexStatus === 'ACTIVE' || found?.IndexStatus === undefined;
  const facts = [
    { setting: `keys ${partitionKey}, ${sortKey}`, found: keys(KeySchema), wanted: `${partitionKey}, ${sortKey}` },
    {
      setting: `index ${index.name}`,
      found: found && isActive ? keys(found.KeySchema ?? []) : (found?.IndexStatus ?? 'none'),
      wanted: `${index.partitionKey}, ${index.sortKey}`,
    },
    { setting: 'table status', found: table.TableStatus ?? 'unknown', wanted: 'ACTIVE' },
    {
      setting: 'billing mode',
      found: table.BillingModeSummary?.BillingMode ?? 'PROVISIONED',
      wanted: 'PAY_PER_REQUEST',
    },
  ];
  return facts.filter((fact) => fact.found !== fact.wanted).map(({ setting, found: is }) => ({ setting, found: is }));
}

function lackingProtection({ DeletionProtectionEnabled: isProtected }: TableDescription, table: string): Lacking[] {
  if (isProtected) return [];
  const command = `aws dynamodb update-table --table-name ${table} --deletion-protection-enabled`;
  return [{ setting: 'deletion protection', found: 'off', command }];
}

async function lackingTimeToLive(client: DynamoDBClient, table: string): Promise<Lacking[]> {
  const { TimeToLiveDescription: found } = await client.send(new DescribeTimeToLiveCommand({ TableName: table }));
  const isOn = found?.TimeToLiveStatus === 'ENABLED' || found?.TimeToLiveStatus === 'ENABLING';
  if (isOn && found.AttributeName === RECORDS_TABLE.timeToLive) return [];
  const specification = `Enabled=true,AttributeName=${RECORDS_TABLE.timeToLive}`;
  const command = `aws dynamodb update-time-to-live --table-name ${table} --time-to-live-specification ${specification}`;
  return [{ setting: 'time to live', found: isOn ? `on ${found.AttributeName}` : 'off', command }];
}

async function lackingBackups(client: DynamoDBClient, table: string): Promise<Lacking[]> {
  const { ContinuousBackupsDescription: found } = await client.send(
    new DescribeContinuousBackupsCommand({ TableName: table }),
  );
  if (found?.PointInTimeRecoveryDescription?.PointInTimeRecoveryStatus === 'ENABLED') return [];
  const specification = 'PointInTimeRecoveryEnabled=true';
  const command = `aws dynamodb update-continuous-backups --table-name ${table} --point-in-time-recovery-specification ${specification}`;
  return [{ setting: 'point-in-time recovery', found: 'off', command }];
}

async function lackingTags(client: DynamoDBClient, { TableArn: arn = '' }: TableDescription): Promise<Lacking[]> {
  const tags = new Map<string | undefined, string | undefined>();
  let NextToken: string | undefined;
  do {
    const page = await client.send(new ListTagsOfResourceCommand({ ResourceArn: arn, NextToken }));
    for (const { Key, Value } of page.Tags ?? []) tags.set(Key, Value);
    ({ NextToken } = page);
  } while (NextToken);
  return Object.entries(STACK_TAGS).flatMap(([key, value]) => {
    if (tags.get(key) === value) return [];
    const command = `aws dynamodb tag-resource --resource-arn ${arn} --tags Key=${key},Value=${value}`;
    return [{ setting: `tag ${key}`, found: tags.get(key) ?? 'none', command }];
  });
}
