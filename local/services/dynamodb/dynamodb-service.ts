import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod';
import { BooleanProperty, NumberProperty, parseProperties, TagsProperty } from '../../assembly/properties.ts';
import { createJsonProtocol } from '../../door/json-protocol.ts';
import { AwsError, type CallContext, type Operation, type RequiredPermission } from '../../door/wire.ts';
import type { LocalContext } from '../local-context.ts';
import type { LocalService } from '../local-service.ts';
import { ITEM_OPERATIONS, requiredPermissions, TABLE_OPERATIONS } from './dynamodb-permissions.ts';
import { type DynamoDbProcess, startDynamoDb } from './dynamodb-process.ts';

const KeySchema = z.array(z.strictObject({ AttributeName: z.string(), KeyType: z.enum(['HASH', 'RANGE']) }));
const Projection = z.strictObject({ ProjectionType: z.string(), NonKeyAttributes: z.array(z.string()).optional() });
const Throughput = z.strictObject({ ReadCapacityUnits: NumberProperty, WriteCapacityUnits: NumberProperty });
const ContributorInsights = z.strictObject({ Enabled: BooleanProperty }).optional();
const SecondaryIndex = z.strictObject({
  IndexName: z.string(),
  KeySchema,
  Projection,
  ProvisionedThroughput: Throughput.optional(),
  ContributorInsightsSpecification: ContributorInsights,
});

const TableProperties = z.strictObject({
  TableName: z.string().optional(),
  AttributeDefinitions: z.array(z.strictObject({ AttributeName: z.string(), AttributeType: z.enum(['S', 'N', 'B']) })),
  KeySchema,
  BillingMode: z.enum(['PAY_PER_REQUEST', 'PROVISIONED']).default('PROVISIONED'),
  ProvisionedThroughput: Throughput.optional(),
  GlobalSecondaryIndexes: z.array(SecondaryIndex).default([]),
  LocalSecondaryIndexes: z.array(SecondaryIndex).default([]),
  SSESpecification: z
    .strictObject({
      SSEEnabled: BooleanProperty,
      SSEType: z.literal('KMS').optional(),
      KMSMasterKeyId: z.string().optional(),
    })
    .optional(),
  TimeToLiveSpecification: z
    .strictObject({ AttributeName: z.string().optional(), Enabled: BooleanProperty })
    .optional(),
  // Accepted without effect: what a laptop loses is in nobody's backup.
  PointInTimeRecoverySpecification: z
    .strictObject({ PointInTimeRecoveryEnabled: BooleanProperty, RecoveryPeriodInDays: NumberProperty.optional() })
    .optional(),
  ContributorInsightsSpecification: ContributorInsights,
  DeletionProtectionEnabled: BooleanProperty.optional(),
  TableClass: z.string().optional(),
  Tags: TagsProperty,
});
type TableProperties = z.infer<typeof TableProperties>;

const DescribedTable = z.object({
  Table: z.object({
    TableStatus: z.string(),
    KeySchema: z.array(z.object({ AttributeName: z.string(), KeyType: z.string() })),
    GlobalSecondaryIndexes: z.array(z.object({ IndexName: z.string(), IndexStatus: z.string() })).default([]),
  }),
});

/** DynamoDB Local writes its own account and region into ARNs. */
const LOCAL_ARN_PREFIX = 'arn:aws:dynamodb:ddblocal:000000000000:';

export interface DynamoDbService extends LocalService {
  /** Starts the engine now, beside everything else, instead of when its first table is created. */
  prepare(): void;
}

interface DynamoDbServiceProps {
  /** Directory of the tables; undefined keeps them in memory. */
  readonly dataDirectory: string | undefined;
}

/** DynamoDB: Amazon's own engine behind the door, which judges each operation, transactions item by item. */
export function createDynamoDbService(
  context: LocalContext,
  { dataDirectory }: DynamoDbServiceProps,
  resolveKeyArn: (keyId: string) => string,
): DynamoDbService {
  const { accountId, region } = context;
  const arnPrefix = `arn:aws:dynamodb:${region}:${accountId}:`;
  const keyArnOfTable = new Map<string, string>();
  /** By table name, or `<table>/<index>`. */
  const partitionKeys = new Map<string, string>();
  let engine: Promise<DynamoDbProcess> | undefined;
  const startEngine = (): Promise<DynamoDbProcess> => {
    engine ??= startDynamoDb(context, dataDirectory);
    engine.catch(() => undefined);
    return engine;
  };

  const send = async (operation: string, input: unknown): Promise<unknown> => {
    const { send: post } = await startEngine();
    const { status, body } = await post(operation, typeof input === 'string' ? input : JSON.stringify(input));
    const answer: unknown = JSON.parse(body.replaceAll(LOCAL_ARN_PREFIX, arnPrefix) || '{}');
    if (status === 200) return answer;
    throw engineError(status, answer);
  };

  /** The table's data key is unwrapped with the caller's own permissions, so everyone who touches items needs kms:Decrypt. */
  const keyPermissions = (tables: readonly string[], { caller }: CallContext): RequiredPermission[] =>
    [...new Set(tables)].flatMap((table) => {
      const keyArn = keyArnOfTable.get(tableName(table));
      if (keyArn === undefined) return [];
      const context = {
        'kms:CallerAccount': caller.accountId,
        'kms:ViaService': `dynamodb.${region}.amazonaws.com`,
        'kms:EncryptionContext:aws:dynamodb:tableName': table,
        'kms:EncryptionContext:aws:dynamodb:subscriberId': accountId,
      };
      return [{ action: 'kms:Decrypt', resources: [keyArn], context }];
    });

  const naming = {
    arnPrefix: `${arnPrefix}table/`,
    partitionKey: (table: string, index: string | undefined) =>
      partitionKeys.get([tableName(table), ...(index === undefined ? [] : [index])].join('/')),
  };

  const perform = async (name: string, input: unknown, { request }: CallContext): Promise<unknown> =>
    send(name, request ? request.body.toString('utf8') : input);

  const operations: Record<string, Operation> = {
    ListTables: {
      permissions: () => [{ action: 'dynamodb:ListTables', resources: ['*'] }],
      perform: (input, call) => perform('ListTables', input, call),
    },
  };
  for (const [name, accesses] of Object.entries(ITEM_OPERATIONS)) {
    operations[name] = {
      permissions(input, call) {
        const touched = accesses(input);
        const tables = touched.map(({ table }) => table);
        return [...requiredPermissions(name, touched, naming), ...keyPermissions(tables, call)];
      },
      perform: (input, call) => perform(name, input, call),
    };
  }
  for (const [name, accesses] of Object.entries(TABLE_OPERATIONS)) {
    operations[name] = {
      permissions: (input) => requiredPermissions(name, accesses(input), naming),
      perform: (input, call) => perform(name, input, call),
    };
  }

  return {
    prepare: () => void startEngine(),
    service: {
      signingName: 'dynamodb',
      protocol: createJsonProtocol({ targetPrefix: 'DynamoDB_20120810', version: '1.0' }),
      operations,
    },
    provisioners: {
      async 'AWS::DynamoDB::Table'(resource) {
        const table = parseProperties(resource, TableProperties);
        const name = table.TableName ?? resource.generatedName;
        const keyId = table.SSESpecification?.KMSMasterKeyId;
        if (keyId !== undefined) keyArnOfTable.set(name, resolveKeyArn(keyId));
        for (const { path, keys } of [
          { path: name, keys: table.KeySchema },
          ...[...table.GlobalSecondaryIndexes, ...table.LocalSecondaryIndexes].map((index) => ({
            ...{ path: `${name}/${index.IndexName}`, keys: index.KeySchema },
          })),
        ])
          partitionKeys.set(path, keys.find(({ KeyType }) => KeyType === 'HASH')?.AttributeName ?? '');
        await createOrUpdateTable(send, name, table);
        return { ref: name, attributes: { Arn: `${arnPrefix}table/${name}` } };
      },
    },
    async stop() {
      const running = await engine?.catch(() => undefined);
      await running?.stop();
    },
  };
}

const tableName = (nameOrArn: string): string => nameOrArn.replace(/^arn:.*:table\//, '');

type Send = (operation: string, input: unknown) => Promise<unknown>;

async function createOrUpdateTable(send: Send, name: string, table: TableProperties): Promise<void> {
  // An index that was being filled when its cloud was killed is filled on.
  const existing = await activeTable(send, name);
  if (existing) await updateTable(send, name, table, existing);
  else {
    await send('CreateTable', {
      TableName: name,
      AttributeDefinitions: table.AttributeDefinitions,
      KeySchema: table.KeySchema,
      BillingMode: table.BillingMode,
      ProvisionedThroughput: table.ProvisionedThroughput,
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

/** Undefined while the engine answers with an error of its own, as it may while it fills an index; null without the table. */
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

/** The table, if there is one, once it and its indexes can be used, which is when CloudFormation, too, goes on. */
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

/** A table kept from an earlier run gets the indexes that the template has since gained; its keys cannot change. */
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

const EngineErrorSchema = z.looseObject({
  __type: z.string(),
  message: z.string().optional(),
  Message: z.string().optional(),
});

function engineError(status: number, answer: unknown): AwsError {
  const parsed = EngineErrorSchema.safeParse(answer);
  if (!parsed.success) return new AwsError('InternalServerError', `DynamoDB Local answered ${status}`, 500);
  const { __type, message, Message, ...fields } = parsed.data;
  return new AwsError(__type.replace(/^.*#/, ''), message ?? Message ?? '', status, fields);
}
