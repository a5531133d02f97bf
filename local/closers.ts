type Close = () => void | Promise<void>;

/** The list of what was opened during the start, with how to close each of it again. */
export interface Closers {
  add(close: Close): void;
  /** Closes everything one after the other, the newest first. A close that fails does not prevent the others. */
  closeAll(): Promise<void>;
}

export function createClosers(): Closers {
  const opened: Close[] = [];
  let closing: Promise<void> | undefined;
  return {
    add: (close) => void opened.push(close),
    // Closes only once: a second caller waits for the same end, and cannot close a part before those that still need
    // it.
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
