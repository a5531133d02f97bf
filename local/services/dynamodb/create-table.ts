import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod';
import { AwsError } from '../../door/wire.ts';
import type { SecondaryIndex, TableProperties } from './table-properties.ts';

const DescribedTable = z.object({
  Table: z.object({
    TableStatus: z.string(),
    KeySchema: z.array(z.object({ AttributeName: z.string(), KeyType: z.string() })),
    GlobalSecondaryIndexes: z.array(z.object({ IndexName: z.string(), IndexStatus: z.string() })).default([]),
  }),
});

type Send = (operation: string, input: unknown) => Promise<unknown>;

/** Creates the table as the template describes it. A table kept from an earlier run gets the indexes that it lacks. */
export async function createOrUpdateTable(send: Send, name: string, table: TableProperties): Promise<void> {
  // This also waits for an index whose filling was interrupted when the cloud was killed: the engine fills it again.
  const existing = await activeTable(send, name);
  if (existing) await updateTable(send, name, table, existing);
  else {
    await send('CreateTable', {
      TableName: name,
      AttributeDefinitions: table.AttributeDefinitions,
      KeySchema: table.KeySchema,
      BillingMode: table.BillingMode,
      ProvisionedThroughput: table.ProvisionedThroughput,
      DeletionProtectionEnabled: table.DeletionProtectionEnabled,
      GlobalSecondaryIndexes:
        table.GlobalSecondaryIndexes.length > 0 ? table.GlobalSecondaryIndexes.map(createdIndex) : undefined,
      LocalSecondaryIndexes:
        table.LocalSecondaryIndexes.length > 0 ? table.LocalSecondaryIndexes.map(createdIndex) : undefined,
    });
  }
  if (!existing && table.TimeToLiveSpecification?.Enabled) {
    await send('UpdateTimeToLive', { TableName: name, TimeToLiveSpecification: table.TimeToLiveSpecification });
  }
}

const createdIndex = ({
  IndexName,
  KeySchema: keys,
  Projection: projection,
  ProvisionedThroughput,
}: z.infer<typeof SecondaryIndex>) => ({
  IndexName,
  KeySchema: keys,
  Projection: projection,
  ProvisionedThroughput,
});

type Described = z.infer<typeof DescribedTable>;

/**
 * Returns the table; null when it does not exist. Returns undefined when the engine answers with a server error, which
 * can happen while it fills an index.
 */
async function describeTable(send: Send, name: string): Promise<Described | null | undefined> {
  try {
    return DescribedTable.parse(await send('DescribeTable', { TableName: name }));
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    if (error.code === 'ResourceNotFoundException') return null;
    if (error.status >= 500) return undefined;
    throw error;
  }
}

const POLL_MS = 50;
const ACTIVE_TIMEOUT_MS = 5 * 60_000;

/**
 * Waits until the table and its indexes can be used, as CloudFormation does. Returns undefined when there is no table.
 */
async function activeTable(send: Send, name: string): Promise<Described | undefined> {
  for (const deadline = Date.now() + ACTIVE_TIMEOUT_MS; Date.now() < deadline; await delay(POLL_MS)) {
    const described = await describeTable(send, name);
    if (described === null) return undefined;
    if (described === undefined) continue;
    const { TableStatus: status, GlobalSecondaryIndexes: indexes } = described.Table;
    if ([status, ...indexes.map(({ IndexStatus }) => IndexStatus)].every((each) => each === 'ACTIVE')) return described;
  }
  throw new Error(`table ${name} and its indexes are not active after ${ACTIVE_TIMEOUT_MS / 1000} s`);
}

/**
 * Adds the template's new indexes to a table kept from an earlier run. Throws when the keys of the table have changed.
 */
async function updateTable(
  send: Send,
  name: string,
  table: TableProperties,
  { Table: existing }: Described,
): Promise<void> {
  const describeKeys = (keys: readonly { AttributeName: string; KeyType: string }[]): string =>
    keys.map(({ AttributeName, KeyType }) => `${AttributeName} ${KeyType}`).join(', ');
  if (describeKeys(existing.KeySchema) !== describeKeys(table.KeySchema)) {
    throw new Error(
      `table ${name} was created with the keys ${describeKeys(existing.KeySchema)}, the template now says ${describeKeys(table.KeySchema)}: start with another data directory`,
    );
  }
  const present = new Set(existing.GlobalSecondaryIndexes.map(({ IndexName }) => IndexName));
  for (const index of table.GlobalSecondaryIndexes.filter(({ IndexName }) => !present.has(IndexName))) {
    await send('UpdateTable', {
      TableName: name,
      AttributeDefinitions: table.AttributeDefinitions,
      GlobalSecondaryIndexUpdates: [{ Create: createdIndex(index) }],
    });
    await activeTable(send, name);
  }
}
