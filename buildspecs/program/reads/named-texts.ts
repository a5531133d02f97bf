import { parse } from '../hcl/parse.ts';
import type { SyntaxNode } from '../hcl/syntax-node.ts';
import { READING, UPWARDS } from '../modules/outside-expressions.ts';
import { type Part, partsOf } from './template-parts.ts';

/** A text of a configuration, in pieces. */
export interface NamedText {
  readonly parts: readonly Part[];
  /** Whether it is an argument that names what is read. Other texts may be anything. */
  readonly isRead: boolean;
}

export interface NamedTexts {
  readonly texts: readonly NamedText[];
  readonly locals: ReadonlyMap<string, readonly Part[]>;
  /** False if there may be paths of which no text tells. */
  readonly isComplete: boolean;
}

/** Returns the texts of a configuration in HCL, or of a file of values. */
export function namedTextsIn(text: string): NamedTexts {
  const { root } = parse(text);
  const calls = root.within('function_call');
  const sets = calls.filter((call) => nameOf(call) === 'fileset').flatMap(directoryWithPattern);
  const blocks = root.within('block');
  const read = textsIn([...calls.flatMap(readBy), ...root.within('attribute').filter(isArchived)]);
  const told = textsIn([...sets.map(({ directory }) => directory), ...blocks.flatMap(sourcesOfModule)]);
  const others = root
    .within(...TEXTS)
    .filter((node) => !told.has(node))
    .map((node) => ({ parts: partsOf(node), isRead: read.has(node) }));
  return {
    texts: [...sets.map(({ parts }) => ({ parts, isRead: true })), ...others],
    locals: new Map(blocks.flatMap(localsOf)),
    isComplete: !root.hasError && !calls.some(composesUpwards),
  };
}

const TEXTS = ['string_lit', 'quoted_template', 'heredoc_template'];
const textsIn = (nodes: readonly SyntaxNode[]): ReadonlySet<SyntaxNode> =>
  new Set(nodes.flatMap((node) => node.within(...TEXTS)));

const firstWord = ({ children: [first] }: SyntaxNode): string => first?.text ?? '';
const nameOf = (call: SyntaxNode): string => firstWord(call).replace(/^core\s*::\s*/, '');

const argumentsOf = (call: SyntaxNode): SyntaxNode[] =>
  call.child('function_arguments')?.children.filter(({ type }) => type === 'expression') ?? [];

/** Returns the arguments of a call that name what it reads. */
function readBy(call: SyntaxNode): SyntaxNode[] {
  const name = nameOf(call);
  return READING.has(name) ? argumentsOf(call).slice(0, name === 'fileset' ? 2 : 1) : [];
}

/** Arguments of `archive_file` that are read. */
const ARCHIVED = new Set(['source_dir', 'source_file']);
const isArchived = (attribute: SyntaxNode): boolean => ARCHIVED.has(firstWord(attribute));

/** What a pattern of `fileset` has beside names. */
const PATTERN = /[*?[\]{}\\]/;

/** Returns the directory of a `fileset`, with the directories that its pattern names. */
function directoryWithPattern(call: SyntaxNode): { readonly directory: SyntaxNode; readonly parts: readonly Part[] }[] {
  const [directory, pattern] = argumentsOf(call);
  if (!directory || !pattern) return [];
  const [first] = partsOf(pattern);
  const text = first && 'text' in first ? first.text : '';
  const [names = ''] = text.split(PATTERN, 1);
  return [{ directory, parts: [...partsOf(directory), { text: `/${names}` }, { isUnknown: true }] }];
}

const attributesOf = (block: SyntaxNode): SyntaxNode[] =>
  block.child('body')?.children.filter(({ type }) => type === 'attribute') ?? [];

/** Returns the source of a module. `init` has installed it, so its directory is known from there. */
const sourcesOfModule = (block: SyntaxNode): SyntaxNode[] =>
  firstWord(block) === 'module' ? attributesOf(block).filter((attribute) => firstWord(attribute) === 'source') : [];

function localsOf(block: SyntaxNode): [string, Part[]][] {
  if (firstWord(block) !== 'locals') return [];
  return attributesOf(block).flatMap((attribute): [string, Part[]][] => {
    const value = attribute.child('expression');
    return value ? [[firstWord(attribute), partsOf(value)]] : [];
  });
}

const COMPOSING = new Set(['join', 'format', 'formatlist', 'replace']);

/** Returns whether a call makes a path upwards of pieces that only the engine can put together. */
function composesUpwards(call: SyntaxNode): boolean {
  const name = nameOf(call);
  if (name === 'dirname') return call.within('variable_expr').some(({ text }) => text === 'path');
  return COMPOSING.has(name) && call.within('template_literal').some(({ text }) => UPWARDS.test(text));
}
