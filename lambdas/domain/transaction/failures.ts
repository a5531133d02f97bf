/** Performs for each item, one after the other, also after one has failed. Returns the errors. */
export async function failuresOf<Item>(
  items: Iterable<Item>,
  perform: (item: Item) => Promise<void>,
): Promise<unknown[]> {
  const failures: unknown[] = [];
  for (const item of items)
    try {
      await perform(item);
    } catch (error) {
      failures.push(error);
    }
  return failures;
}

/** Throws the only error as it is, and several as one AggregateError with all their messages. */
export function throwTogether(failures: readonly unknown[]): void {
  if (failures.length === 1) throw failures[0];
  const messages = failures.map((error) => (error instanceof Error ? error.message : String(error)));
  if (failures.length > 0) throw new AggregateError(failures, messages.join('; '));
}
