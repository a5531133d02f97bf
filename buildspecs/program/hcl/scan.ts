import { trimBlanks } from './template-text.ts';

/**
 * The tokens of HCL's native syntax. `sequence` opens `${` and `%{`, `invalid` is text that HCL does not know.
 * Blanks and comments are no tokens; a comment to the end of a line ends the line like a line break.
 */
type TokenType =
  | 'newline'
  | 'identifier'
  | 'number'
  | 'symbol'
  | 'quote-start'
  | 'quote-end'
  | 'heredoc-start'
  | 'heredoc-end'
  | 'literal'
  | 'interpolation-start'
  | 'directive-start'
  | 'sequence-end'
  | 'invalid'
  | 'end';

export interface Token {
  readonly type: TokenType;
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** What encloses the place that is scanned. `sequence` is the inside of `${…}` or `%{…}`. */
type Enclosing =
  | { readonly type: 'quote' }
  | { readonly type: 'heredoc'; readonly marker: string; isLineStart: boolean }
  | { readonly type: 'sequence'; openBraces: number };

const BYTE_ORDER_MARK = '\uFEFF';

const BLANKS = /[ \t]+/y;
const LINE_COMMENT = /(?:#|\/\/)[^\n]*\n?/y;
const BLOCK_COMMENT = /\/\*[\s\S]*?\*\//y;
const NEWLINE = /\r?\n/y;
const NUMBER = /\d(?:(?:[\d.]|[eE][+-]?\d)*(?:\d|[eE][+-]?\d))?/y;
const IDENTIFIER = /[\p{ID_Start}_][\p{ID_Continue}-]*/uy;
const HEREDOC_START = /<<-?[\p{ID_Start}_][\p{ID_Continue}-]*\r?\n/uy;
const SYMBOL = /\.\.\.|=>|==|!=|>=|<=|&&|\|\||::|[[\](){}.,*/%+\-=<>!?:]/y;

const SEQUENCE_START = /[$%]\{~?/y;
/** `$${` and `%%{`, which stand for `${` and `%{`, and a `$` or `%` that begins no sequence. */
const NO_SEQUENCE = /[$%](?:[$%]\{~?|(?=[^{]))/y;
const ESCAPED_SEQUENCE = /^(?:\$\$|%%)\{/;
const QUOTED_TEXT = /(?:\\[^\r\n]|[^$%"\\\r\n])+/y;
const HEREDOC_TEXT = /[^$%\r\n]+/y;

/** Splits a text into tokens as HCL's own scanner does. The last token is `end`. */
export function scan(text: string): Token[] {
  return new Scanner(text).scan();
}

class Scanner {
  private readonly tokens: Token[] = [];
  private readonly enclosing: Enclosing[] = [];
  private at = 0;
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  scan(): Token[] {
    if (this.text.startsWith(BYTE_ORDER_MARK)) this.at = BYTE_ORDER_MARK.length;
    while (this.at < this.text.length) {
      const place = this.enclosing.at(-1);
      if (place?.type === 'quote') this.scanQuoted();
      else if (place?.type === 'heredoc') this.scanHeredoc(place);
      else this.scanCode(place);
    }
    this.add('end', '');
    return this.tokens;
  }

  /** Returns what a pattern matches here, or undefined. */
  private match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    return pattern.exec(this.text)?.[0];
  }

  private add(type: TokenType, text: string): true {
    this.tokens.push({ type, start: this.at, end: this.at + text.length, text });
    this.at += text.length;
    return true;
  }

  private addMatch(type: TokenType, pattern: RegExp): boolean {
    const found = this.match(pattern);
    return found !== undefined && this.add(type, found);
  }

  private addInvalid(): void {
    this.add('invalid', String.fromCodePoint(this.text.codePointAt(this.at) ?? 0));
  }

  private scanCode(inside: Extract<Enclosing, { type: 'sequence' }> | undefined): void {
    const skipped = this.match(BLANKS) ?? this.match(BLOCK_COMMENT);
    if (skipped !== undefined) {
      this.at += skipped.length;
      return;
    }
    const comment = this.match(LINE_COMMENT);
    if (comment !== undefined) {
      if (comment.endsWith('\n')) this.add('newline', comment);
      else this.at += comment.length;
      return;
    }
    if (this.addMatch('newline', NEWLINE) || this.addMatch('number', NUMBER)) return;
    if (this.addMatch('identifier', IDENTIFIER)) return;
    if (this.text[this.at] === '"') {
      this.add('quote-start', '"');
      this.enclosing.push({ type: 'quote' });
      return;
    }
    const heredoc = this.match(HEREDOC_START);
    if (heredoc !== undefined) {
      this.add('heredoc-start', heredoc);
      this.enclosing.push({ type: 'heredoc', marker: heredoc.replace(/^<<-?|\r?\n$/g, ''), isLineStart: true });
      return;
    }
    if (this.text.startsWith('~}', this.at)) {
      // Outside of a sequence, or within its braces, this is an error, which the parser finds.
      if (inside?.openBraces === 0) this.enclosing.pop();
      this.add('sequence-end', '~}');
      return;
    }
    // A comment that does not end takes the rest of the file with it.
    if (this.text.startsWith('/*', this.at)) this.add('invalid', this.text.slice(this.at));
    else this.scanSymbol(inside);
  }

  private scanSymbol(inside: Extract<Enclosing, { type: 'sequence' }> | undefined): void {
    const symbol = this.match(SYMBOL);
    if (symbol === undefined) this.addInvalid();
    else if (symbol === '}' && inside?.openBraces === 0) {
      this.enclosing.pop();
      this.add('sequence-end', symbol);
    } else {
      if (inside && symbol === '{') inside.openBraces++;
      if (inside && symbol === '}') inside.openBraces--;
      this.add('symbol', symbol);
    }
  }

  private scanQuoted(): void {
    if (this.text[this.at] === '"') {
      this.add('quote-end', '"');
      this.enclosing.pop();
    } else if (!this.scanSequence() && !this.addMatch('literal', QUOTED_TEXT)) this.addInvalid();
  }

  private scanHeredoc(heredoc: Extract<Enclosing, { type: 'heredoc' }>): void {
    const { isLineStart, marker } = heredoc;
    if (this.scanSequence()) {
      heredoc.isLineStart = false;
      return;
    }
    const text = this.match(HEREDOC_TEXT) ?? '';
    NEWLINE.lastIndex = this.at + text.length;
    const lineBreak = NEWLINE.exec(this.text)?.[0];
    if (lineBreak === undefined) {
      heredoc.isLineStart = false;
      if (text === '') this.addInvalid();
      else this.add('literal', text);
    } else if (isLineStart && trimBlanks(text) === marker) {
      this.add('heredoc-end', text);
      this.enclosing.pop();
    } else {
      heredoc.isLineStart = true;
      this.add('literal', text + lineBreak);
    }
  }

  /** Scans what begins with `$` or `%`. Returns whether there was such a text. */
  private scanSequence(): boolean {
    const start = this.match(SEQUENCE_START);
    if (start !== undefined) {
      this.enclosing.push({ type: 'sequence', openBraces: 0 });
      return this.add(start.startsWith('$') ? 'interpolation-start' : 'directive-start', start);
    }
    const found = this.match(NO_SEQUENCE);
    if (found === undefined) return false;
    return this.add('literal', found.length === 1 || ESCAPED_SEQUENCE.test(found) ? found : found.slice(0, 1));
  }
}
