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

/** An item of the table. `gsi1pk`/`gsi1sk` are there only while the record has a place in the index. */
const ItemSchema = z.object({ pk: z.string(), sk: z.string(), version: z.int().min(1), data: z.unknown() });
const CursorSchema = z.object({
  pk: z.string(),
  sk: z.string(),
  gsi1pk: z.string().optional(),
  gsi1sk: z.string().optional(),
});

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
    return stored && parseRecord(kind, stored.data);
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
        ...(cursor && { ExclusiveStartKey: decodeCursor(cursor) }),
      }),
    );
    const items = Items.map((item) => parseRecord(listing.kind, ItemSchema.parse(item).data));
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
    return Item && { ...ItemSchema.parse(Item), data: ItemSchema.parse(Item).data };
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
        Item: { pk, sk, ...index, kind: write.kind, version: nextVersion(expectedVersion), data: write.data },
      },
    };
  }
}

const encodeCursor = (key: Record<string, unknown>): string => Buffer.from(JSON.stringify(key)).toString('base64url');

function decodeCursor(cursor: string): z.infer<typeof CursorSchema> {
  try {
    return CursorSchema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
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
