import { DynamoDBClient, TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, TransactWriteCommand, type TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import { TIME_TO_LIVE } from '../domain/contract/records-table.ts';
import { type Change, nextVersion } from '../domain/transaction/unit-of-work.ts';
import type { DynamoConnection } from './dynamo-connection.ts';

type TransactItem = NonNullable<TransactWriteCommandInput['TransactItems']>[number];

/** Reasons that mean that another writer was first: the attempt starts over. Any other reason is thrown. */
const LOST_RACE = new Set(['ConditionalCheckFailed', 'TransactionConflict']);

/** Writes the changes of transactions to one table. */
export class DynamoWrites {
  readonly #table: string;
  readonly #client: DynamoDBDocumentClient;

  constructor(table: string, { region, credentials, http }: DynamoConnection, endpoint: URL) {
    this.#table = table;
    const client = new DynamoDBClient({ region, credentials, requestHandler: http, endpoint: endpoint.href });
    this.#client = DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
  }

  async commit(changes: readonly Change[]): Promise<boolean> {
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
          ...(write.expires !== undefined && { [TIME_TO_LIVE]: Math.ceil(Date.parse(write.expires) / 1000) }),
          kind: write.kind,
          version: nextVersion(expectedVersion),
          data: JSON.stringify(write.data),
        },
      },
    };
  }
}
