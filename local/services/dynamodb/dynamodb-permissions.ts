import * as z from 'zod';
import type { RequiredPermission } from '../../door/wire.ts';

/** A table or index that an operation accesses, with the action that needs a permission. */
interface Access {
  readonly action: string;
  readonly table: string;
  readonly index?: string;
  /** The attributes of the item, including its key; absent for operations that do not name single items. */
  readonly item?: Readonly<Record<string, unknown>>;
}

const Attributes = z.record(z.string(), z.unknown());
const OneTable = z.object({ TableName: z.string() });
const Keyed = OneTable.extend({ Key: Attributes });
const Put = OneTable.extend({ Item: Attributes });
const Question = OneTable.extend({
  IndexName: z.string().optional(),
  KeyConditionExpression: z.string().optional(),
  ExpressionAttributeNames: z.record(z.string(), z.string()).default({}),
  ExpressionAttributeValues: Attributes.default({}),
});
const BatchGet = z.object({ RequestItems: z.record(z.string(), z.object({ Keys: z.array(Attributes) })) });
const BatchWrite = z.object({
  RequestItems: z.record(
    z.string(),
    z.array(
      z.object({
        PutRequest: z.object({ Item: Attributes }).optional(),
        DeleteRequest: z.object({ Key: Attributes }).optional(),
      }),
    ),
  ),
});
const TransactWrite = z.object({
  TransactItems: z.array(
    z.object({
      Put: Put.optional(),
      Update: Keyed.optional(),
      Delete: Keyed.optional(),
      ConditionCheck: Keyed.optional(),
    }),
  ),
});
const TransactGet = z.object({ TransactItems: z.array(z.object({ Get: Keyed })) });

const onTable =
  (action: string) =>
  (input: unknown): Access[] => [{ action, table: OneTable.parse(input).TableName }];

const onItem =
  (action: string) =>
  (input: unknown): Access[] => {
    const { TableName, Key } = Keyed.parse(input);
    return [{ action, table: TableName, item: Key }];
  };

const onQuestion =
  (action: string) =>
  (input: unknown): Access[] => {
    const { TableName, IndexName, ...question } = Question.parse(input);
    return [{ action, table: TableName, index: IndexName, item: equalities(question) }];
  };

/** Returns the attributes that a query compares with a value by `=`; they always include the partition key. */
function equalities({
  KeyConditionExpression = '',
  ExpressionAttributeNames: names,
  ExpressionAttributeValues: values,
}: Omit<z.infer<typeof Question>, 'TableName' | 'IndexName'>): Record<string, unknown> {
  const found = [...KeyConditionExpression.matchAll(/([#\w]+)\s*=\s*(:\w+)/g)];
  return Object.fromEntries(found.map(([, name = '', value = '']) => [names[name] ?? name, values[value]]));
}

/**
 * The operations that read or write items, with the accesses of each. As on AWS, the permissions of a transaction are
 * checked item by item.
 */
export const ITEM_OPERATIONS: Readonly<Record<string, (input: unknown) => Access[]>> = {
  GetItem: onItem('GetItem'),
  PutItem(input) {
    const { TableName, Item } = Put.parse(input);
    return [{ action: 'PutItem', table: TableName, item: Item }];
  },
  UpdateItem: onItem('UpdateItem'),
  DeleteItem: onItem('DeleteItem'),
  Query: onQuestion('Query'),
  Scan: onQuestion('Scan'),
  BatchGetItem: (input) =>
    Object.entries(BatchGet.parse(input).RequestItems).flatMap(([table, { Keys }]) =>
      Keys.map((item) => ({ action: 'BatchGetItem', table, item })),
    ),
  BatchWriteItem: (input) =>
    Object.entries(BatchWrite.parse(input).RequestItems).flatMap(([table, requests]) =>
      requests.map(({ PutRequest, DeleteRequest }) => ({
        action: 'BatchWriteItem',
        table,
        item: PutRequest?.Item ?? DeleteRequest?.Key,
      })),
    ),
  TransactWriteItems: (input) =>
    TransactWrite.parse(input).TransactItems.flatMap(({ Put: put, Update, Delete, ConditionCheck }) => [
      ...(put ? [{ action: 'PutItem', table: put.TableName, item: put.Item }] : []),
      ...Object.entries({ UpdateItem: Update, DeleteItem: Delete, ConditionCheckItem: ConditionCheck }).flatMap(
        ([action, item]) => (item ? [{ action, table: item.TableName, item: item.Key }] : []),
      ),
    ]),
  TransactGetItems: (input) =>
    TransactGet.parse(input).TransactItems.map(({ Get }) => ({
      action: 'GetItem',
      table: Get.TableName,
      item: Get.Key,
    })),
};

/** Operations on the tables themselves. */
export const TABLE_OPERATIONS: Readonly<Record<string, (input: unknown) => Access[]>> = {
  CreateTable: onTable('CreateTable'),
  DeleteTable: onTable('DeleteTable'),
  DescribeTable: onTable('DescribeTable'),
  DescribeTimeToLive: onTable('DescribeTimeToLive'),
  UpdateTable: onTable('UpdateTable'),
  UpdateTimeToLive: onTable('UpdateTimeToLive'),
};

const TRANSACTIONS = new Set(['TransactWriteItems', 'TransactGetItems']);

interface Naming {
  /** `arn:aws:dynamodb:…:table/` */
  readonly arnPrefix: string;
  /** Returns the name of the partition key of a table or an index. */
  readonly partitionKey: (table: string, index: string | undefined) => string | undefined;
}

/** Returns the permissions that `accesses` need, one for each action. */
export function requiredPermissions(
  operation: string,
  accesses: readonly Access[],
  { arnPrefix, partitionKey }: Naming,
): RequiredPermission[] {
  const byAction = new Map<string, { resources: Set<string>; leadingKeys: Set<string> }>();
  for (const { action, table, index, item } of accesses) {
    const tableArn = table.startsWith('arn:') ? table : `${arnPrefix}${table}`;
    const { resources, leadingKeys } = byAction.get(action) ?? { resources: new Set(), leadingKeys: new Set() };
    resources.add(index === undefined ? tableArn : `${tableArn}/index/${index}`);
    const name = partitionKey(table, index);
    const value = name === undefined ? undefined : keyText(item?.[name]);
    if (value !== undefined) leadingKeys.add(value);
    byAction.set(action, { resources, leadingKeys });
  }
  const enclosing = TRANSACTIONS.has(operation) && { 'dynamodb:EnclosingOperation': operation };
  return [...byAction].map(([action, { resources, leadingKeys }]) => ({
    action: `dynamodb:${action}`,
    resources: [...resources],
    context: { ...enclosing, ...(leadingKeys.size > 0 && { 'dynamodb:LeadingKeys': [...leadingKeys] }) },
  }));
}

const KeyValueSchema = z.union([
  z.object({ S: z.string() }).transform(({ S }) => S),
  z.object({ N: z.string() }).transform(({ N }) => N),
  z.object({ B: z.string() }).transform(({ B }) => B),
]);
const keyText = (value: unknown): string | undefined => KeyValueSchema.safeParse(value).data;
