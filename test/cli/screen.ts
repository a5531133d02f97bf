/** What a terminal of unlimited height shows, for the sequences that the command line writes. */
export class Screen {
  readonly #lines: string[] = [''];
  #row = 0;
  #column = 0;

  write(text: string): void {
    for (const [part] of text.matchAll(/\p{Cc}\[\d*[A-Z]|\p{Cc}|\P{Cc}+/gu)) {
      if (part === '\r') this.#column = 0;
      else if (part === '\n') this.#feed();
      else if (!part.startsWith('\u001b')) this.#put(part);
      else if (part.endsWith('A')) this.#row = Math.max(0, this.#row - Number(part.slice(2, -1)));
      else if (part === '\u001b[J') this.#erase();
      else throw new Error(`unknown sequence ${JSON.stringify(part)}`);
    }
  }

  get text(): string {
    return this.#lines.join('\n');
  }

  /** A terminal driver adds the carriage return. */
  #feed(): void {
    this.#row += 1;
    this.#column = 0;
    if (this.#row === this.#lines.length) this.#lines.push('');
  }

  #put(text: string): void {
    const line = (this.#lines[this.#row] ?? '').padEnd(this.#column);
    this.#lines[this.#row] = line.slice(0, this.#column) + text + line.slice(this.#column + text.length);
    this.#column += text.length;
  }

  /** Erases from the cursor to the end of the screen. */
  #erase(): void {
    this.#lines.length = this.#row + 1;
    this.#lines[this.#row] = (this.#lines[this.#row] ?? '').slice(0, this.#column);
  }
}
