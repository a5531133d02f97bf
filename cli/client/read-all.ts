/** A page of a list, as the API answers. */
interface Page<Item> {
  readonly items: readonly Item[];
  /** Names the next page; absent on the last. */
  readonly nextCursor?: string | undefined;
}

/** Reads all pages of a list. `read` asks for one of them. */
export async function readAll<Item>(
  read: (query: { limit: number; cursor?: string }) => Promise<Page<Item>>,
): Promise<Item[]> {
  const items: Item[] = [];
  let cursor: string | undefined;
  do {
    const page = await read({ limit: 100, ...(cursor !== undefined && { cursor }) });
    items.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return items;
}
