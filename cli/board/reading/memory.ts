import { CommandError } from '../../output/command-error.ts';

/** A page that is known is shown, with the reason, when reading it again takes longer. */
const LONGEST_MS = 10_000;

interface Entry<Value> {
  readonly value: Value;
  readonly at: Date;
  /** The same for comparisons, in milliseconds of a clock that nobody sets. */
  readonly mark: number;
}

/** What time it is. */
export interface Times {
  readonly now: () => Date;
  /** Milliseconds of a clock that nobody sets. */
  readonly clock: () => number;
  /** How long a page that is known waits to be read again; ten seconds otherwise. */
  readonly longestMs?: number;
}

/** What was read, when, and why it is not newer if reading it again failed. */
export interface Known<Value> extends Entry<Value> {
  readonly problem: CommandError | undefined;
}

/** Windows that ask at the same time share an answer that is at most this old. */
const SHARED_MS = 1000;
/** The most pages that are remembered. */
const MOST = 50;

/**
 * What pages of one kind were last made of, by page. Several windows share one read, and a page goes on showing what is
 * known, with the reason, while the API does not answer.
 */
export class Memory<Value> {
  readonly #times: Times;
  readonly #entries = new Map<string, Entry<Value>>();
  readonly #reads = new Map<string, Promise<Entry<Value>>>();

  constructor(times: Times) {
    this.#times = times;
  }

  /**
   * Reads a page, or returns what is known of it. `read` gets what it returned last. Throws CommandError when nothing is
   * known, or when it does not exist any more.
   */
  async recall(page: string, read: (before: Value | undefined) => Promise<Value>): Promise<Known<Value>> {
    const known = this.#entries.get(page);
    if (known && this.#times.clock() - known.mark < SHARED_MS) return { ...known, problem: undefined };
    try {
      const reading = this.#once(page, () => read(known?.value));
      return { ...(await (known ? soon(reading, this.#times.longestMs ?? LONGEST_MS) : reading)), problem: undefined };
    } catch (error) {
      const isGone = !(error instanceof CommandError) || error.ending === 'not-found';
      if (isGone) this.#entries.delete(page);
      if (isGone || !known) throw error;
      return { ...known, problem: error };
    }
  }

  /** Forgets everything, because something was changed. */
  forget(): void {
    this.#entries.clear();
    this.#reads.clear();
  }

  #once(page: string, read: () => Promise<Value>): Promise<Entry<Value>> {
    const begun = this.#reads.get(page);
    if (begun !== undefined) return begun;
    const reading: Promise<Entry<Value>> = read()
      .then((value) => {
        const entry = { value, at: this.#times.now(), mark: this.#times.clock() };
        // A read that began before something was changed says what was.
        if (this.#reads.get(page) === reading) this.#keep(page, entry);
        return entry;
      })
      .finally(() => {
        if (this.#reads.get(page) === reading) this.#reads.delete(page);
      });
    this.#reads.set(page, reading);
    return reading;
  }

  #keep(page: string, entry: Entry<Value>): void {
    this.#entries.delete(page);
    this.#entries.set(page, entry);
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > MOST && oldest !== undefined) this.#entries.delete(oldest);
  }
}

/** Throws CommandError when something takes too long. It goes on meanwhile. */
async function soon<Result>(reading: Promise<Result>, longestMs: number): Promise<Result> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const message = `the API has not answered for ${longestMs / 1000} seconds`;
    timer = setTimeout(() => reject(new CommandError('unreachable', message)), longestMs);
  });
  try {
    return await Promise.race([reading, late]);
  } finally {
    clearTimeout(timer);
    // Whoever waits for it next is told how it ends.
    reading.catch(() => {});
  }
}
