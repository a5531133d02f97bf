import type { SourceText } from './source-text.ts';

/** A part of a text in HCL. Types of nodes are named as in the usual grammars of HCL for editors. */
export class SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly children: readonly SyntaxNode[];
  /** Whether something in the node could not be understood. What lies around the node is certain. */
  readonly hasError: boolean;
  private readonly source: SourceText;
  private enclosing: SyntaxNode | undefined;
  private position = 0;

  constructor(
    source: SourceText,
    facts: Pick<SyntaxNode, 'type' | 'start' | 'end' | 'children'> & { readonly hasError?: boolean },
  ) {
    this.source = source;
    this.type = facts.type;
    this.start = facts.start;
    this.end = facts.end;
    this.children = facts.children;
    this.hasError = facts.hasError ?? facts.children.some(({ hasError }) => hasError);
    for (const [position, child] of facts.children.entries()) {
      child.enclosing = this;
      child.position = position;
    }
  }

  get text(): string {
    return this.source.text.slice(this.start, this.end);
  }

  /** Line in the file, counted from 1. */
  get line(): number {
    return this.source.lineAt(this.start);
  }

  get parent(): SyntaxNode | undefined {
    return this.enclosing;
  }

  get nextSibling(): SyntaxNode | undefined {
    return this.enclosing?.children[this.position + 1];
  }

  /** Returns the node itself and all nodes in it, in the order of the text, if they have one of the types. */
  within(...types: readonly string[]): SyntaxNode[] {
    const found: SyntaxNode[] = [];
    // A loop and not a recursion: how deep a tree is, is up to the author of the text.
    const open: SyntaxNode[] = [this];
    for (let node = open.pop(); node; node = open.pop()) {
      if (types.includes(node.type)) found.push(node);
      for (const child of node.children.toReversed()) open.push(child);
    }
    return found;
  }

  child(type: string): SyntaxNode | undefined {
    return this.children.find((child) => child.type === type);
  }
}
