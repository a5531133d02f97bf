import { text } from 'node:stream/consumers';
import { Sha256 } from '@smithy/core/checksum';
import { HttpRequest } from '@smithy/core/protocols';
import { isThrottlingError, isTransientError, StandardRetryStrategy } from '@smithy/core/retry';
import { SignatureV4 } from '@smithy/signature-v4';
import * as z from 'zod';
import type { DynamoConnection } from './dynamo-connection.ts';
import { isSdkError } from './sdk-error.ts';

/** The retry settings of the SDK's own DynamoDB client. */
const RETRIES = { maxAttempts: 4, baseDelay: 25 };
/** The most keys that DynamoDB accepts in one BatchGetItem request. */
const MOST_KEYS = 100;

/**
 * Attributes as DynamoDB writes them. The table has texts and numbers only. Another type, which a hand has put there,
 * becomes undefined, so that it does not spoil the other items of an answer.
 */
const TextSchema = z.object({ S: z.string() }).transform(({ S }) => S);
const NumberSchema = z.object({ N: z.string() }).transform(({ N }) => Number(N));
const AttributeSchema = z.union([TextSchema, NumberSchema, z.unknown().transform(() => undefined)]);

const ItemSchema = z.record(z.string(), AttributeSchema);
type Item = z.infer<typeof ItemSchema>;
const KeySchema = z.record(z.string(), TextSchema);
type Key = z.infer<typeof KeySchema>;

const GotSchema = z.object({ Item: ItemSchema.optional() });
const GotManySchema = z.object({
  Responses: z.record(z.string(), z.array(ItemSchema)),
  UnprocessedKeys: z
    .record(z.string(), z.object({ Keys: z.array(z.record(z.string(), z.object({ S: z.string() }))) }))
    .default({}),
});
const FoundSchema = z.object({ Items: z.array(ItemSchema).default([]), LastEvaluatedKey: KeySchema.optional() });
/** An error answer. `__type` is a namespace, `#` and the name of the error. */
const RefusalSchema = z.object({ __type: z.string(), message: z.string().optional(), Message: z.string().optional() });

interface Query {
  readonly index?: string;
  readonly consistent: boolean;
  readonly condition: string;
  readonly names: Readonly<Record<string, string>>;
  readonly values: Key;
  readonly ascending: boolean;
  readonly limit: number;
  readonly startAfter?: Key;
}

/** An error that DynamoDB answered, under DynamoDB's name for it. */
class DynamoError extends Error {
  readonly $metadata: { readonly httpStatusCode: number };

  constructor(name: string, message: string, httpStatusCode: number) {
    super(message);
    this.name = name;
    this.$metadata = { httpStatusCode };
  }
}

/**
 * GetItem, BatchGetItem and Query of one table, made of the parts of the SDK that a read needs: signature, sockets and
 * retries. The whole client is four times as large, and every first read would wait until it is loaded.
 */
export class DynamoReads {
  readonly #table: string;
  readonly #connection: DynamoConnection;
  readonly #signer: SignatureV4;
  readonly #wanted: (PromiseWithResolvers<Item | undefined> & { readonly key: Key })[] = [];
  readonly #retries = new StandardRetryStrategy(RETRIES);

  constructor(table: string, connection: DynamoConnection) {
    this.#table = table;
    this.#connection = connection;
    const { region, credentials } = connection;
    this.#signer = new SignatureV4({ service: 'dynamodb', region, credentials, sha256: Sha256 });
  }

  /** Reads one item. Calls made side by side share one request. */
  get(key: Key): Promise<Item | undefined> {
    const wanted = { key, ...Promise.withResolvers<Item | undefined>() };
    if (this.#wanted.push(wanted) === 1) queueMicrotask(() => this.#getWanted());
    return wanted.promise;
  }

  #getWanted(): void {
    for (let left = this.#wanted.splice(0); left.length > 0; left = left.slice(MOST_KEYS)) {
      const wanted = left.slice(0, MOST_KEYS);
      // DynamoDB refuses a request that has the same key twice.
      const keys = new Map(wanted.map(({ key }) => [nameOf(key), key]));
      const found = this.#getAll([...keys.values()]);
      for (const { key, resolve, reject } of wanted) found.then((items) => resolve(items.get(nameOf(key))), reject);
    }
  }

  async #getAll(keys: readonly Key[]): Promise<Map<string, Item>> {
    const found = new Map<string, Item>();
    const keep = (items: readonly Item[]): void => {
      for (const item of items) found.set(nameOf(item), item);
    };
    const [only, ...others] = keys;
    if (only && others.length === 0) {
      const input = { TableName: this.#table, Key: written(only), ConsistentRead: true };
      await this.#ask('GetItem', input, (answer) => {
        const { Item: item } = GotSchema.parse(answer);
        keep(item ? [item] : []);
      });
      return found;
    }
    const input = { RequestItems: { [this.#table]: { Keys: keys.map(written), ConsistentRead: true } } };
    await this.#ask('BatchGetItem', input, (answer) => {
      const { Responses, UnprocessedKeys } = GotManySchema.parse(answer);
      keep(Responses[this.#table] ?? []);
      const left = UnprocessedKeys[this.#table]?.Keys ?? [];
      if (left.length === 0) return;
      input.RequestItems = { [this.#table]: { Keys: left, ConsistentRead: true } };
      throw new DynamoError('ThrottlingException', `${left.length} of ${keys.length} items were left out`, 200);
    });
    return found;
  }

  async query({ index, consistent, condition, names, values, ascending, limit, startAfter }: Query) {
    const input = {
      TableName: this.#table,
      IndexName: index,
      ConsistentRead: consistent,
      KeyConditionExpression: condition,
      ExpressionAttributeNames: names,
      ExpressionAttributeValues: written(values),
      ScanIndexForward: ascending,
      Limit: limit,
      ExclusiveStartKey: startAfter && written(startAfter),
    };
    const { Items, LastEvaluatedKey } = await this.#ask('Query', input, (answer) => FoundSchema.parse(answer));
    return { items: Items, lastKey: LastEvaluatedKey };
  }

  /** Sends a request and repeats it after an error that may pass. Repeating a read does no harm. */
  async #ask<T>(action: string, input: object, take: (answer: unknown) => T): Promise<T> {
    let attempt = await this.#retries.acquireInitialRetryToken(action);
    for (;;) {
      try {
        const taken = take(await this.#send(action, JSON.stringify(input)));
        this.#retries.recordSuccess(attempt);
        return taken;
      } catch (error) {
        if (!isSdkError(error)) throw error;
        // Waits. Rejects when a retry is of no use, or when there were enough attempts.
        const next = this.#retries.refreshRetryTokenForRetry(attempt, { errorType: errorTypeOf(error) });
        attempt = await next.catch(() => {
          throw error;
        });
      }
    }
  }

  async #send(action: string, body: string): Promise<unknown> {
    const { protocol, host, hostname, port, pathname } = await this.#connection.url();
    const request = await this.#signer.sign(
      new HttpRequest({
        method: 'POST',
        protocol,
        hostname,
        path: pathname,
        body,
        ...(port && { port: Number(port) }),
        headers: {
          host,
          'content-type': 'application/x-amz-json-1.0',
          'content-length': String(Buffer.byteLength(body)),
          'x-amz-target': `DynamoDB_20120810.${action}`,
        },
      }),
    );
    const { response } = await this.#connection.http.handle(HttpRequest.clone(request));
    const answer = parsed(await text(response.body));
    if (response.statusCode === 200) {
      if (answer === undefined) throw new DynamoError('IncompleteAnswer', `${action} was answered in part`, 502);
      return answer;
    }
    const refusal = RefusalSchema.safeParse(answer).data;
    const name = refusal?.__type.split('#').at(-1) ?? 'UnknownError';
    throw new DynamoError(name, refusal?.message ?? refusal?.Message ?? name, response.statusCode);
  }
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** Returns the same text for a key and for the item with that key. */
const nameOf = ({ pk, sk }: Item): string => JSON.stringify([pk, sk]);

const written = (key: Key) => Object.fromEntries(Object.entries(key).map(([name, S]) => [name, { S }]));

const errorTypeOf = (error: Error & { cause?: Error }) =>
  isThrottlingError(error) ? 'THROTTLING' : isTransientError(error) ? 'TRANSIENT' : 'CLIENT_ERROR';
