/** A page of a list, as the API answers. */
interface Page<Item> {
  readonly items: readonly Item[];
  /** Names the next page; absent on the last. */
  readonly nextCursor?: string | undefined;
  /** Number of records of the page that cannot be read. */
  readonly skipped?: number | undefined;
}

type Read<Item> = (query: { limit: number; cursor?: string }) => Promise<Page<Item>>;

/** Reads all pages of a list. `read` asks for one of them. */
export const readAll = async <Item>(read: Read<Item>): Promise<Item[]> => (await readWhole(read)).items;

/** Reads all pages of a list, and counts the records that are left out because they cannot be read. */
export async function readWhole<Item>(read: Read<Item>): Promise<{ items: Item[]; skipped: number }> {
  const items: Item[] = [];
  let skipped = 0;
  let cursor: string | undefined;
  do {
    const page = await read({ limit: 100, ...(cursor !== undefined && { cursor }) });
    items.push(...page.items);
    skipped += page.skipped ?? 0;
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return { items, skipped };
}
