/** A text in quotes in a file, with the place of each of its characters. */
export interface Literal {
  /** The text as the engine reads it. */
  readonly value: string;
  /** Place of a part of `value` in the file: numbers of characters from the beginning of the file. */
  placeOf(start: number, end: number): { readonly start: number; readonly end: number };
}

/** An argument of a module call: a plain text, or `undefined` in `literal` for any other expression. */
export interface Argument {
  /** Line in the file, counted from 1. */
  readonly line: number;
  readonly literal: Literal | undefined;
}

/** A `module` block as it is written in one file. */
export interface WrittenCall {
  readonly name: string;
  readonly line: number;
  /** All arguments of these names. The engine accepts no name twice. */
  readonly source: readonly Argument[];
  readonly version: readonly Argument[];
}

/** A file of a configuration that cannot be parsed, with the line. */
export interface Unparsed {
  readonly errorLine: number;
}

/**
 * Makes a literal of the text between two quotes. `start`: place of the first character after the quote. `unit` splits
 * the written text into characters and escapes, and `decode` returns what such a unit stands for.
 */
export function literalOf(written: string, start: number, unit: RegExp, decode: (written: string) => string): Literal {
  const units = written.match(unit) ?? [];
  const decoded = units.map(decode);
  /** Returns where the unit with this character of the value begins. */
  const placeAt = (at: number): number => {
    let place = start;
    let passed = 0;
    for (const [index, each] of units.entries()) {
      if (passed >= at) break;
      passed += decoded[index]?.length ?? 0;
      place += each.length;
    }
    return place;
  };
  return { value: decoded.join(''), placeOf: (from, to) => ({ start: placeAt(from), end: placeAt(to) }) };
}
