import { DynamoDBClient, TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import {
  DynamoDBDocumentClient,
  GetCommand,
  QueryCommand,
  TransactWriteCommand,
  type TransactWriteCommandInput,
} from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { InvalidInputError } from '../domain/errors.ts';
import type { Page, Store, Transaction } from '../domain/ports.ts';
import type { KeyOf, Kind, Listing, RecordOf } from '../domain/records.ts';
import {
  type Change,
  keyOf,
  nextVersion,
  parseRecord,
  runTransaction,
  type StoredRecord,
} from '../domain/unit-of-work.ts';

/**
 * An item of the table. The record is JSON text: DynamoDB's own types would refuse some of it, such as a Terraform
 * output above 2^53 or nested deeper than 32 levels. `gsi1pk`/`gsi1sk` are there only while the record has a place in
 * the index.
 */
const ItemSchema = z.object({ pk: z.string(), sk: z.string(), version: z.int().min(1), data: z.string() });
const TableKeySchema = z.strictObject({ pk: z.string().min(1), sk: z.string().min(1) });
const IndexKeySchema = TableKeySchema.extend({ gsi1pk: z.string().min(1), gsi1sk: z.string().min(1) });

type TransactItem = NonNullable<TransactWriteCommandInput['TransactItems']>[number];

/** Reasons that mean "somebody else was first": the attempt starts over. Everything else is thrown. */
const LOST_RACE = new Set(['ConditionalCheckFailed', 'TransactionConflict']);
const LONGEST_PAUSE_MS = 500;

/** The one DynamoDB table (keys: `RECORDS`). */
export class DynamoStore implements Store {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;

  constructor(table: string, client: DynamoDBClient = new DynamoDBClient({})) {
    this.#table = table;
    this.#client = DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
  }

  async get<K extends Kind>(kind: K, key: KeyOf<K>): Promise<RecordOf<K> | undefined> {
    const { pk, sk } = keyOf(kind, key);
    const stored = await this.#load(pk, sk);
    return stored && parseRecord(kind, stored);
  }

  async list<K extends Kind>(
    listing: Listing<K>,
    { limit = 100, cursor }: { limit?: number; cursor?: string } = {},
  ): Promise<Page<RecordOf<K>>> {
    const [partition, sort] = listing.index ? ['gsi1pk', 'gsi1sk'] : ['pk', 'sk'];
    const { Items = [], LastEvaluatedKey } = await this.#client.send(
      new QueryCommand({
        TableName: this.#table,
        ...(listing.index ? { IndexName: listing.index } : { ConsistentRead: true }),
        KeyConditionExpression: listing.prefix ? '#p = :p AND begins_with(#s, :s)' : '#p = :p',
        ExpressionAttributeNames: { '#p': partition, ...(listing.prefix && { '#s': sort }) },
        ExpressionAttributeValues: { ':p': listing.partition, ...(listing.prefix && { ':s': listing.prefix }) },
        ScanIndexForward: listing.order === 'ascending',
        Limit: limit,
        ...(cursor !== undefined && { ExclusiveStartKey: decodeCursor(listing, cursor) }),
      }),
    );
    const items = Items.map((item) => parseRecord(listing.kind, storedIn(item)));
    return { items, ...(LastEvaluatedKey && { nextCursor: encodeCursor(LastEvaluatedKey) }) };
  }

  transact<T>(attempt: (transaction: Transaction) => Promise<T>): Promise<T> {
    const records = { load: this.#load.bind(this), commit: this.#commit.bind(this) };
    return runTransaction(records, attempt, pauseWithJitter);
  }

  async #load(pk: string, sk: string): Promise<StoredRecord | undefined> {
    const { Item } = await this.#client.send(
      new GetCommand({ TableName: this.#table, Key: { pk, sk }, ConsistentRead: true }),
    );
    return Item && storedIn(Item);
  }

  async #commit(changes: readonly Change[]): Promise<boolean> {
    try {
      await this.#client.send(
        new TransactWriteCommand({ TransactItems: changes.map((change) => this.#toItem(change)) }),
      );
      return true;
    } catch (error) {
      if (!(error instanceof TransactionCanceledException)) throw error;
      const codes = (error.CancellationReasons ?? [])
        .map(({ Code }) => Code ?? 'None')
        .filter((code) => code !== 'None');
      if (codes.length > 0 && codes.every((code) => LOST_RACE.has(code))) return false;
      throw error;
    }
  }

  #toItem({ pk, sk, expectedVersion, write }: Change): TransactItem {
    const unchanged =
      expectedVersion === 0
        ? { ConditionExpression: 'attribute_not_exists(pk)' }
        : {
            ConditionExpression: '#version = :expected',
            ExpressionAttributeNames: { '#version': 'version' },
            ExpressionAttributeValues: { ':expected': expectedVersion },
          };
    const target = { TableName: this.#table, ...unchanged };
    if (write === 'none') return { ConditionCheck: { ...target, Key: { pk, sk } } };
    if (write === 'delete') return { Delete: { ...target, Key: { pk, sk } } };
    const index = write.index && { gsi1pk: write.index.pk, gsi1sk: write.index.sk };
    return {
      Put: {
        ...target,
        Item: {
          pk,
          sk,
          ...index,
          kind: write.kind,
          version: nextVersion(expectedVersion),
          data: JSON.stringify(write.data),
        },
      },
    };
  }
}

function storedIn(item: Record<string, unknown>): StoredRecord {
  try {
    const { data, ...place } = ItemSchema.parse(item);
    return { ...place, data: JSON.parse(data) };
  } catch (cause) {
    const { pk, sk } = item;
    throw new Error(`reading the item ${pk} ${sk}: it is no record`, { cause });
  }
}

const encodeCursor = (key: Record<string, unknown>): string => Buffer.from(JSON.stringify(key)).toString('base64url');

/** DynamoDB calls a key that is none of this query's own a ValidationException, which would look like our mistake. */
function decodeCursor({ index, partition, prefix = '' }: Listing<Kind>, cursor: string): Record<string, string> {
  try {
    const key: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    if (index) return IndexKeySchema.extend({ gsi1pk: z.literal(partition) }).parse(key);
    return TableKeySchema.extend({ pk: z.literal(partition), sk: z.string().min(1).startsWith(prefix) }).parse(key);
  } catch (cause) {
    throw new InvalidInputError(
      'reading a page',
      [{ field: 'cursor', message: 'not a cursor of this list', value: JSON.stringify(cursor) }],
      { cause },
    );
  }
}

/** Full jitter up to 2^n x 10 ms, so that losers of one race do not meet again. */
const pauseWithJitter = (attempt: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, Math.random() * Math.min(LONGEST_PAUSE_MS, 10 * 2 ** attempt)));
