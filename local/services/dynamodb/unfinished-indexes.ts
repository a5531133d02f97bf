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
});
type TableInfo = z.infer<typeof TableInfo>;

/**
 * Makes DynamoDB Local fill the indexes again that it was filling when it was killed. It records that it fills a new
 * index before it creates the columns for it, and never continues: without the columns it answers every request about
 * the table with an error from then on, and with them the index stays in creation. With the record reset, it creates
 * what is missing and fills the index from the start.
 */
export function resetUnfinishedIndexes(dataDirectory: string): void {
  const file = join(dataDirectory, DATABASE);
  if (!existsSync(file)) return;
  const database = new DatabaseSync(file);
  try {
    for (const { TableName, TableInfo: bytes } of tablesOf(database)) {
      const parsed = TableInfo.safeParse(JSON.parse(Buffer.from(bytes).toString('utf8')));
      if (!parsed.success || !parsed.data.GSIDescList.some(isUnfinished)) continue;
      const GSIDescList = parsed.data.GSIDescList.map((index) =>
        isUnfinished(index) ? { ...index, Backfilling: false } : index,
      );
      const text = Buffer.from(JSON.stringify({ ...parsed.data, GSIDescList }));
      database.prepare('UPDATE dm SET TableInfo = ? WHERE TableName = ?').run(text, TableName);
    }
  } finally {
    database.close();
  }
}

const isUnfinished = ({ IndexStatus, Backfilling }: TableInfo['GSIDescList'][number]): boolean =>
  IndexStatus === 'CREATING' && Backfilling === true;

/** Returns the table records, or an empty list when the engine stores them in another way, as another version might. */
function tablesOf(database: DatabaseSync): z.infer<typeof Rows> {
  if (database.prepare("SELECT name FROM pragma_table_info('dm')").all().length === 0) return [];
  return Rows.safeParse(database.prepare('SELECT TableName, TableInfo FROM dm').all()).data ?? [];
}
