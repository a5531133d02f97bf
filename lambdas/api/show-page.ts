import type { Page } from '../domain/ports.ts';
import { forEachReadable } from '../domain/transaction/unless-unreadable.ts';

/** Shows the items of a page. Leaves out, and counts, those of which a record cannot be read. */
export async function showPage<Item, View>(
  { items, unreadable, nextCursor }: Pick<Page<Item>, 'items' | 'unreadable' | 'nextCursor'>,
  show: (item: Item) => View | Promise<View>,
): Promise<{ items: View[]; nextCursor: string | undefined; skipped: number | undefined }> {
  const shown = await forEachReadable(items, async (item) => show(item));
  const skipped = unreadable.length + shown.unreadable.length;
  return { items: shown.found, nextCursor, skipped: skipped || undefined };
}
