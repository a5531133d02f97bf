import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import * as z from 'zod';

/** File in which DynamoDB Local keeps the tables of a directory when all clients share them. */
const DATABASE = 'shared-local-instance.db';

const Rows = z.array(z.object({ TableName: z.string(), TableInfo: z.instanceof(Uint8Array) }));
const TableInfo = z.looseObject({
  GSIDescList: z.array(
    z.looseObject({ IndexName: z.string(), IndexStatus: z.string(), Backfilling: z.boolean().nullish() }),
  ),
  SQLiteIndex: z.record(z.string(), z.array(z.looseObject({ SQLiteColumnName: z.string() }))),
});
type TableInfo = z.infer<typeof TableInfo>;

/**
 * Makes DynamoDB Local start again with indexes that it had not really begun. It records that it is filling a new index
 * before it creates the columns for it. If it is killed in between, it answers every request about the table with an
 * error from then on; with the record reset, it begins the index again.
 */
export function resetUnbegunIndexes(dataDirectory: string): void {
  const file = join(dataDirectory, DATABASE);
  if (!existsSync(file)) return;
  const database = new DatabaseSync(file);
  try {
    for (const { TableName, TableInfo: bytes } of tablesOf(database)) {
      const parsed = TableInfo.safeParse(JSON.parse(Buffer.from(bytes).toString('utf8')));
      if (!parsed.success) continue;
      const mended = withoutUnbegun(parsed.data, columnsOf(database, TableName));
      if (mended === parsed.data) continue;
      const text = Buffer.from(JSON.stringify(mended));
      database.prepare('UPDATE dm SET TableInfo = ? WHERE TableName = ?').run(text, TableName);
    }
  } finally {
    database.close();
  }
}

/** Returns the table records, or an empty list when the engine stores them in another way, as another version might. */
function tablesOf(database: DatabaseSync): z.infer<typeof Rows> {
  if (columnsOf(database, 'dm').size === 0) return [];
  return Rows.safeParse(database.prepare('SELECT TableName, TableInfo FROM dm').all()).data ?? [];
}

const columnsOf = (database: DatabaseSync, table: string): ReadonlySet<unknown> =>
  new Set(
    database
      .prepare('SELECT name FROM pragma_table_info(?)')
      .all(table)
      .map(({ name }) => name),
  );

/** Resets the indexes that were not begun; returns the same object when there is none. */
function withoutUnbegun(info: TableInfo, columns: ReadonlySet<unknown>): TableInfo {
  const isUnbegun = ({ IndexName, IndexStatus, Backfilling }: TableInfo['GSIDescList'][number]): boolean =>
    IndexStatus === 'CREATING' &&
    Backfilling === true &&
    (info.SQLiteIndex[IndexName] ?? []).some(({ SQLiteColumnName }) => !columns.has(SQLiteColumnName));
  if (!info.GSIDescList.some(isUnbegun)) return info;
  const GSIDescList = info.GSIDescList.map((index) => (isUnbegun(index) ? { ...index, Backfilling: false } : index));
  return { ...info, GSIDescList };
}
