import * as z from 'zod';
import type { CallContext, Operation, RequiredPermission } from '../../door/wire.ts';
import type { LocalContext } from '../local-context.ts';
import { ITEM_OPERATIONS, requiredPermissions, TABLE_OPERATIONS } from './dynamodb-permissions.ts';
import type { Engine } from './engine.ts';
import type { TableKeys } from './table-keys.ts';
import { TableProperties } from './table-properties.ts';
import { createSettingsOperations, type TableSettings } from './table-settings.ts';

interface DynamoDbOperationsProps extends Pick<LocalContext, 'accountId' | 'region'> {
  readonly engine: Engine;
  readonly tableKeys: TableKeys;
  readonly settings: TableSettings;
  readonly resolveKeyArn: (keyId: string) => string;
  /** `arn:aws:dynamodb:<region>:<account>:` */
  readonly arnPrefix: string;
}

/** Makes the DynamoDB API. Permissions depend on tables, items and keys; the engine performs the allowed operations. */
export function createDynamoDbOperations(props: DynamoDbOperationsProps): Record<string, Operation> {
  const { accountId, region, engine, tableKeys, arnPrefix } = props;
  /**
   * Returns kms:Decrypt for encrypted tables: the table's data key is unwrapped with the caller's own permissions, so
   * every caller that reads or writes items needs it.
   */
  const keyPermissions = (tables: readonly string[], { caller }: CallContext): RequiredPermission[] =>
    [...new Set(tables)].flatMap((table) => {
      const keyArn = tableKeys.encryptionKeyArn(table);
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
    partitionKey: (table: string, index: string | undefined) => tableKeys.partitionKey(table, index),
  };

  const perform = async (name: string, input: unknown, { request }: CallContext): Promise<unknown> =>
    engine.send(name, request ? request.body.toString('utf8') : input);

  const operations: Record<string, Operation> = {
    ...createSettingsOperations(props.settings, arnPrefix),
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
  const create = operations.CreateTable;
  if (create)
    operations.CreateTable = {
      ...create,
      async perform(input) {
        const { TableName, SSESpecification: encryption, ...keys } = CreatedTable.parse(input);
        const answer = await engine.send('CreateTable', { ...withoutEncryption(input), TableName });
        const keyId = encryption?.KMSMasterKeyId;
        tableKeys.put(TableName, keys, keyId === undefined ? undefined : props.resolveKeyArn(keyId));
        return answer;
      },
    };
  return operations;
}

/** What permissions depend on in a table that is not made by the template. */
const CreatedTable = z.object({
  TableName: z.string(),
  ...TableProperties.pick({ KeySchema: true }).shape,
  GlobalSecondaryIndexes: z
    .array(z.object({ IndexName: z.string(), KeySchema: TableProperties.shape.KeySchema }))
    .default([]),
  LocalSecondaryIndexes: z
    .array(z.object({ IndexName: z.string(), KeySchema: TableProperties.shape.KeySchema }))
    .default([]),
  SSESpecification: z.object({ KMSMasterKeyId: z.string().optional() }).optional(),
});

/** The engine does not encrypt, and knows no keys. */
function withoutEncryption(input: unknown): Record<string, unknown> {
  const { SSESpecification: _ignored, ...table } = z.record(z.string(), z.unknown()).parse(input);
  return table;
}
