/** Text on a terminal that is replaced as it changes. Whoever else writes to the terminal calls `leave` before. */
export class LiveText {
  readonly #columns: number;
  readonly #write: (text: string) => void;
  /** Number of lines between the start of the text and the cursor. */
  #lines = 0;

  constructor(columns: number, write: (text: string) => void) {
    this.#columns = columns;
    this.#write = write;
  }

  /** Replaces what it wrote before. The cursor stands at the start of the line below the text then. */
  redraw(text: string): void {
    // A line that the terminal breaks would be two.
    const lines = text.split('\n').map((line) => line.slice(0, this.#columns - 1));
    if (lines.at(-1) !== '') lines.push('');
    const whole = lines.join('\n');
    this.#write(this.#lines === 0 ? whole : `\r\u001b[${this.#lines}A\u001b[J${whole}`);
    this.#lines = lines.length - 1;
  }

  /** Leaves the text where it is: the next one is written below, and below everything that was written meanwhile. */
  leave(): void {
    this.#lines = 0;
  }
}
