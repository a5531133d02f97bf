import type { TableProperties } from './table-properties.ts';

interface Keys {
  readonly KeySchema: TableProperties['KeySchema'];
}
interface KeysOfIndex extends Keys {
  readonly IndexName: string;
}
interface KeysOfTable extends Keys {
  readonly GlobalSecondaryIndexes: readonly KeysOfIndex[];
  readonly LocalSecondaryIndexes: readonly KeysOfIndex[];
}

/**
 * The parts of tables on which permissions depend: their encryption keys, and the partition keys of tables and indexes.
 */
export class TableKeys {
  readonly #encryptionKeyArns = new Map<string, string>();
  /** Names of the partition keys by table name, or by `<table>/<index>`. */
  readonly #partitionKeys = new Map<string, string>();

  put(name: string, table: KeysOfTable, encryptionKeyArn: string | undefined): void {
    if (encryptionKeyArn !== undefined) this.#encryptionKeyArns.set(name, encryptionKeyArn);
    const indexes = [...table.GlobalSecondaryIndexes, ...table.LocalSecondaryIndexes];
    for (const { path, keys } of [
      { path: name, keys: table.KeySchema },
      ...indexes.map(({ IndexName, KeySchema }) => ({ path: `${name}/${IndexName}`, keys: KeySchema })),
    ])
      this.#partitionKeys.set(path, keys.find(({ KeyType }) => KeyType === 'HASH')?.AttributeName ?? '');
  }

  encryptionKeyArn(table: string): string | undefined {
    return this.#encryptionKeyArns.get(tableName(table));
  }

  partitionKey(table: string, index: string | undefined): string | undefined {
    return this.#partitionKeys.get([tableName(table), ...(index === undefined ? [] : [index])].join('/'));
  }
}

const tableName = (nameOrArn: string): string => nameOrArn.replace(/^arn:.*:table\//, '');
