import { UnreadableRecordError } from '../errors.ts';

/** Returns what `perform` returns, or the error if it met a record that cannot be read. Throws any other error. */
export async function unlessUnreadable<T>(perform: () => Promise<T>): Promise<T | UnreadableRecordError> {
  try {
    return await perform();
  } catch (error) {
    if (error instanceof UnreadableRecordError) return error;
    throw error;
  }
}

/** Performs for each item, and returns the results, without those for which a record could not be read. */
export async function forEachReadable<Item, T>(
  items: readonly Item[],
  perform: (item: Item) => Promise<T>,
): Promise<{ readonly found: T[]; readonly unreadable: UnreadableRecordError[] }> {
  const all = await Promise.all(items.map((item) => unlessUnreadable(() => perform(item))));
  const found: T[] = [];
  const unreadable: UnreadableRecordError[] = [];
  for (const each of all)
    if (each instanceof UnreadableRecordError) unreadable.push(each);
    else found.push(each);
  return { found, unreadable };
}
