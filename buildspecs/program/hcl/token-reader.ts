import { scan, type Token } from './scan.ts';
import { SourceText } from './source-text.ts';
import { SyntaxNode } from './syntax-node.ts';

/** Thrown at the first text that is no HCL. */
export class NotHclError extends Error {
  override readonly name = 'NotHclError';
  /** Place in the text. */
  readonly at: number;
  constructor(at: number) {
    super(`no HCL at character ${at}`);
    this.at = at;
  }
}

/** Brackets, templates and operators within each other. Nobody writes as many, and each takes space on the stack. */
const MOST_LEVELS = 250;

const CLOSING: Readonly<Record<string, string>> = { '{': '}', '[': ']', '(': ')' };

/** Reads the tokens of a text one by one, as grammar rules need them. */
export class TokenReader {
  readonly source: SourceText;
  private readonly tokens: readonly Token[];
  private next = 0;
  private lastEnd = 0;
  private levels = 0;
  /** Whether line breaks count. Within parentheses and brackets they do not. */
  private countLines = true;

  constructor(text: string) {
    this.source = new SourceText(text);
    this.tokens = scan(text);
  }

  peek(): Token {
    return this.tokenAt(this.nextIndex());
  }

  read(): Token {
    const index = this.nextIndex();
    const token = this.tokenAt(index);
    this.next = index + 1;
    this.lastEnd = token.end;
    return token;
  }

  private nextIndex(): number {
    let index = this.next;
    if (!this.countLines) while (this.tokens[index]?.type === 'newline') index++;
    return index;
  }

  /** The last token, the end of the text, is there as often as it is read. */
  private tokenAt(index: number): Token {
    return (
      this.tokens[index] ?? { type: 'end', text: '', start: this.source.text.length, end: this.source.text.length }
    );
  }

  /** Returns the position of the next token, to which `skipBlock` can return. */
  position(): number {
    return this.nextIndex();
  }

  isNext(type: Token['type'], ...texts: readonly string[]): boolean {
    const token = this.peek();
    return token.type === type && (texts.length === 0 || texts.includes(token.text));
  }

  /** Reads the next token if it is of the type, and has one of the texts if there are any. */
  readIf(type: Token['type'], ...texts: readonly string[]): Token | undefined {
    return this.isNext(type, ...texts) ? this.read() : undefined;
  }

  /** Reads a token that has to be there. */
  expect(type: Token['type'], ...texts: readonly string[]): Token {
    return this.readIf(type, ...texts) ?? this.fail();
  }

  fail(): never {
    throw new NotHclError(this.peek().start);
  }

  /** Reads what lies within another thing. `countLines`: whether line breaks count there. */
  nested<T>(countLines: boolean, read: () => T): T {
    const { countLines: before } = this;
    if (this.levels >= MOST_LEVELS) this.fail();
    this.levels++;
    this.countLines = countLines;
    try {
      return read();
    } finally {
      this.countLines = before;
      this.levels--;
    }
  }

  /** Reads what lies within another thing of the same line or lines. */
  deeper<T>(read: () => T): T {
    return this.nested(this.countLines, read);
  }

  /** Returns what is found from here on, without reading it. */
  ahead<T>(look: () => T): T {
    const { next, lastEnd } = this;
    const found = look();
    this.next = next;
    this.lastEnd = lastEnd;
    return found;
  }

  /** Makes a node of a token. */
  leaf(type: string, { start, end }: Pick<Token, 'start' | 'end'>): SyntaxNode {
    return new SyntaxNode(this.source, { type, start, end, children: [] });
  }

  /** Makes a node that ends where the last token does. */
  node(type: string, start: number, children: readonly SyntaxNode[]): SyntaxNode {
    return new SyntaxNode(this.source, { type, start, end: this.lastEnd, children });
  }

  root(body: SyntaxNode, hasError: boolean): SyntaxNode {
    return new SyntaxNode(this.source, { type: 'config_file', start: 0, end: body.end, children: [body], hasError });
  }

  /**
   * Goes to the end of the block whose opening brace is at a position, whatever is in it. This works only if all
   * brackets and quotes in the block have their counterparts and each text in it is known. Otherwise it would not be
   * certain where the engine sees the block's end. Returns whether it worked.
   */
  skipBlock(opening: number): boolean {
    const open: string[] = [];
    this.countLines = true;
    this.levels = 0;
    for (this.next = opening; ; ) {
      const { type, text } = this.read();
      if (type === 'end' || type === 'invalid') return false;
      if (type === 'symbol' && CLOSING[text] !== undefined) open.push(CLOSING[text]);
      else if (type === 'quote-start') open.push('quote-end');
      else if (type === 'heredoc-start') open.push('heredoc-end');
      else if (type === 'interpolation-start' || type === 'directive-start') open.push('sequence-end');
      else if (type.endsWith('-end') || (type === 'symbol' && [')', ']', '}'].includes(text))) {
        if (open.pop() !== (type === 'symbol' ? text : type)) return false;
        if (open.length === 0) return true;
      }
    }
  }
}
