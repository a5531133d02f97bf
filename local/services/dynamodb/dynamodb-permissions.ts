import * as z from 'zod';
import type { RequiredPermission } from '../../door/wire.ts';

const AttributesSchema = z.record(z.string(), z.unknown());
type Attributes = z.infer<typeof AttributesSchema>;

/** What an operation touches: the tables and indexes whose permissions it needs. */
interface Access {
  readonly action: string;
  readonly table: string;
  readonly index?: string;
  /** The items, or their keys, where the operation names them. */
  readonly items?: readonly Attributes[];
}

const OneTable = z.object({
  TableName: z.string(),
  Key: AttributesSchema.optional(),
  Item: AttributesSchema.optional(),
});
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
  (input: unknown): Access[] => [accessTo(action, OneTable.parse(input))];

const accessTo = (action: string, { TableName, Key, Item }: z.infer<typeof OneTable>): Access => {
  const item = Key ?? Item;
  return { action, table: TableName, items: item && [item] };
};

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
      }).flatMap(([action, item]) => (item ? [accessTo(action, item)] : [])),
    ),
  TransactGetItems: (input) => TransactGet.parse(input).TransactItems.map(({ Get }) => accessTo('GetItem', Get)),
};

/** Operations on tables themselves. */
export const TABLE_OPERATIONS: Readonly<Record<string, (input: unknown) => Access[]>> = {
  CreateTable: onTable('CreateTable'),
  DeleteTable: onTable('DeleteTable'),
  DescribeTable: onTable('DescribeTable'),
  DescribeTimeToLive: onTable('DescribeTimeToLive'),
};

const TRANSACTIONS = new Set(['TransactWriteItems', 'TransactGetItems']);

interface Tables {
  /** What table ARNs start with: `arn:aws:dynamodb:…:table/`. */
  readonly arnPrefix: string;
  readonly partitionKeyOf: (table: string) => string | undefined;
}

/** The value of a key attribute; a policy about keys lets nothing through that it cannot be held against. */
const textOf = (attribute: unknown): string =>
  String(Object.values(AttributesSchema.catch({}).parse(attribute))[0] ?? '(not known to the local cloud)');

/** The distinct permissions behind `accesses`; with the partition keys of the items they name. */
export function requiredPermissions(
  operation: string,
  accesses: readonly Access[],
  { arnPrefix, partitionKeyOf }: Tables,
): RequiredPermission[] {
  const byAction = new Map<string, { resources: Set<string>; leadingKeys: Set<string> }>();
  for (const { action, table, index, items } of accesses) {
    const tableArn = table.startsWith('arn:') ? table : `${arnPrefix}${table}`;
    const { resources, leadingKeys } = byAction.get(action) ?? { resources: new Set(), leadingKeys: new Set() };
    resources.add(index === undefined ? tableArn : `${tableArn}/index/${index}`);
    const partitionKey = partitionKeyOf(tableArn.slice(arnPrefix.length)) ?? '';
    for (const item of items ?? [{}]) leadingKeys.add(textOf(item[partitionKey]));
    byAction.set(action, { resources, leadingKeys });
  }
  return [...byAction].map(([action, { resources, leadingKeys }]) => ({
    action: `dynamodb:${action}`,
    resources: [...resources],
    context: {
      ...(TRANSACTIONS.has(operation) && { 'dynamodb:EnclosingOperation': operation }),
      'dynamodb:LeadingKeys': [...leadingKeys],
    },
  }));
}
