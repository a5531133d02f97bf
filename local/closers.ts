type Close = () => void | Promise<void>;

/** What was opened on the way up, and how it is closed again. */
export interface Closers {
  add(close: Close): void;
  /** The newest first, one after the other; one that fails keeps none of the others running. */
  closeAll(): Promise<void>;
}

export function createClosers(): Closers {
  const opened: Close[] = [];
  let closing: Promise<void> | undefined;
  return {
    add: (close) => void opened.push(close),
    // Once: who else asks for it waits for the same end, and hurries no part before those that still need it.
    closeAll() {
      closing ??= closeInReverse(opened);
      return closing;
    },
  };
}

async function closeInReverse(opened: readonly Close[]): Promise<void> {
  const problems: unknown[] = [];
  for (const close of opened.toReversed()) {
    try {
      await close();
    } catch (error) {
      problems.push(error);
    }
  }
  if (problems.length > 0) throw new AggregateError(problems, `stopping: ${problems.map(String).join('; ')}`);
}
