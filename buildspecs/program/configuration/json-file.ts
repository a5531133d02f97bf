import { type MemberNode, type ObjectNode, parse, type ValueNode } from '@humanwhocodes/momoa';
import { unescapeTemplate } from '../hcl/template-text.ts';
import { BLOCK_TYPES, type BlockType, type BlockTypes } from './block-types.ts';
import type { HclAttribute, HclBlock, HclFile } from './hcl.ts';
import { textsInJson } from './json-texts.ts';

export const nameOf = ({ name }: MemberNode): string => (name.type === 'String' ? name.value : name.name);
const lineOf = ({ loc }: MemberNode): number => loc.start.line;

/** Returns the objects in a value. A list of blocks is allowed wherever a block is. */
function objectsIn(value: ValueNode): ObjectNode[] {
  if (value.type === 'Object') return [value];
  return value.type === 'Array' ? value.elements.flatMap((element) => objectsIn(element.value)) : [];
}

/** Returns every member, both of them if a name occurs twice, because the engine reads both. */
export const membersIn = (value: ValueNode): MemberNode[] => objectsIn(value).flatMap(({ members }) => members);

const TEMPLATE = /(?<![$%])[$%]\{/;

function readLiteral(value: ValueNode): HclAttribute['literal'] {
  if (value.type === 'Number' || value.type === 'Boolean') return value.value;
  return value.type === 'String' && !TEMPLATE.test(value.value) ? unescapeTemplate(value.value) : undefined;
}

function readAttribute(member: MemberNode, source: string): HclAttribute {
  const { value } = member;
  const texts = textsInJson(value, source);
  const text = value.type === 'String' ? value.value : undefined;
  const [before = ''] = text?.split(TEMPLATE) ?? [];
  const isTemplate = text !== undefined && before !== text;
  const leading = text === undefined ? undefined : unescapeTemplate(before);
  return {
    name: nameOf(member),
    line: lineOf(member),
    literal: readLiteral(value),
    elements: value.type === 'Array' ? value.elements.map((element) => readLiteral(element.value)) : undefined,
    leadingText: leading === '' && isTemplate ? undefined : leading,
    texts,
    expression: value.type === 'Null' ? 'null' : texts.join(' '),
  };
}

function readBlocks(
  value: ValueNode,
  { labels, blocks = {} }: BlockType,
  found: Pick<HclBlock, 'type' | 'labels' | 'line'>,
  source: string,
): HclBlock[] {
  if (found.labels.length === labels)
    return objectsIn(value).map(({ members }) => ({ ...found, ...readMembers(members, blocks, source) }));
  return membersIn(value).flatMap((member) =>
    readBlocks(
      member.value,
      { labels, blocks },
      { type: found.type, labels: [...found.labels, nameOf(member)], line: lineOf(member) },
      source,
    ),
  );
}

function readMembers(
  members: readonly MemberNode[],
  types: BlockTypes,
  source: string,
): Pick<HclBlock, 'attributes' | 'blocks'> {
  const typeOf = (member: MemberNode) => (Object.hasOwn(types, nameOf(member)) ? types[nameOf(member)] : undefined);
  return {
    attributes: members.filter((member) => !typeOf(member)).map((member) => readAttribute(member, source)),
    blocks: members.flatMap((member) => {
      const type = typeOf(member);
      return type
        ? readBlocks(member.value, type, { type: nameOf(member), labels: [], line: lineOf(member) }, source)
        : [];
    }),
  };
}

/**
 * Parses the text of a `*.tf.json` file. Unlike JSON.parse, this keeps line numbers and names that occur twice. `types`:
 * the blocks to read; everything else is an argument.
 */
export function parseJsonFile(text: string, types: BlockTypes = BLOCK_TYPES): HclFile {
  try {
    return { ...readMembers(membersIn(parse(text).body), types, text), errorLine: undefined };
  } catch (error) {
    return { attributes: [], blocks: [], errorLine: lineOfError(error) };
  }
}

/** Returns the line of a mistake that the parser found. What is nested too deeply has no line. */
export function lineOfError(error: unknown): number {
  if (!(error instanceof Error)) throw error;
  return 'line' in error && typeof error.line === 'number' ? error.line : 1;
}
