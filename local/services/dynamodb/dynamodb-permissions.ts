import * as z from 'zod';
import type { RequiredPermission } from '../../door/wire.ts';

/** What an operation touches: the tables and indexes whose permissions it needs. */
interface Access {
  readonly action: string;
  readonly table: string;
  readonly index?: string;
}

const OneTable = z.object({ TableName: z.string() });
const TableOrIndex = OneTable.extend({ IndexName: z.string().optional() });
const ManyTables = z.object({ RequestItems: z.record(z.string(), z.unknown()) });
const TransactWrite = z.object({
  TransactItems: z.array(
    z.object({
      Put: OneTable.optional(),
      Update: OneTable.optional(),
      Delete: OneTable.optional(),
      ConditionCheck: OneTable.optional(),
    }),
  ),
});
const TransactGet = z.object({ TransactItems: z.array(z.object({ Get: OneTable })) });

const onTable =
  (action: string) =>
  (input: unknown): Access[] => [{ action, table: OneTable.parse(input).TableName }];

const onTableOrIndex =
  (action: string) =>
  (input: unknown): Access[] => {
    const { TableName, IndexName } = TableOrIndex.parse(input);
    return [{ action, table: TableName, index: IndexName }];
  };

const onEachTable =
  (action: string) =>
  (input: unknown): Access[] =>
    Object.keys(ManyTables.parse(input).RequestItems).map((table) => ({ action, table }));

/** Operations that read or write items, and the accesses each consists of. A transaction is judged item by item, as on AWS. */
export const ITEM_OPERATIONS: Readonly<Record<string, (input: unknown) => Access[]>> = {
  GetItem: onTable('GetItem'),
  PutItem: onTable('PutItem'),
  UpdateItem: onTable('UpdateItem'),
  DeleteItem: onTable('DeleteItem'),
  Query: onTableOrIndex('Query'),
  Scan: onTableOrIndex('Scan'),
  BatchGetItem: onEachTable('BatchGetItem'),
  BatchWriteItem: onEachTable('BatchWriteItem'),
  TransactWriteItems: (input) =>
    TransactWrite.parse(input).TransactItems.flatMap(({ Put, Update, Delete, ConditionCheck }) =>
      Object.entries({
        PutItem: Put,
        UpdateItem: Update,
        DeleteItem: Delete,
        ConditionCheckItem: ConditionCheck,
      }).flatMap(([action, item]) => (item ? [{ action, table: item.TableName }] : [])),
    ),
  TransactGetItems: (input) =>
    TransactGet.parse(input).TransactItems.map(({ Get }) => ({ action: 'GetItem', table: Get.TableName })),
};

/** Operations on tables themselves. */
export const TABLE_OPERATIONS: Readonly<Record<string, (input: unknown) => Access[]>> = {
  CreateTable: onTable('CreateTable'),
  DeleteTable: onTable('DeleteTable'),
  DescribeTable: onTable('DescribeTable'),
  DescribeTimeToLive: onTable('DescribeTimeToLive'),
};

const TRANSACTIONS = new Set(['TransactWriteItems', 'TransactGetItems']);

/** The distinct permissions behind `accesses`, on ARNs that start with `arnPrefix` (`arn:aws:dynamodb:…:table/`). */
export function requiredPermissions(
  operation: string,
  accesses: readonly Access[],
  arnPrefix: string,
): RequiredPermission[] {
  const resourcesByAction = new Map<string, Set<string>>();
  for (const { action, table, index } of accesses) {
    const tableArn = table.startsWith('arn:') ? table : `${arnPrefix}${table}`;
    const resources = resourcesByAction.get(action) ?? new Set();
    resources.add(index === undefined ? tableArn : `${tableArn}/index/${index}`);
    resourcesByAction.set(action, resources);
  }
  const context = TRANSACTIONS.has(operation) ? { 'dynamodb:EnclosingOperation': operation } : undefined;
  return [...resourcesByAction].map(([action, resources]) => ({
    action: `dynamodb:${action}`,
    resources: [...resources],
    context,
  }));
}
