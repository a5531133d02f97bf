import type { ValueNode } from '@humanwhocodes/momoa';
import { unescapeTemplate } from '../hcl/template-text.ts';
import { tellingNumber } from '../hcl/texts.ts';

/**
 * Returns every text in a JSON value, at any depth, and every number as the engine prints it. `source` is the text of the
 * file: a number that JavaScript has read may have lost digits. Where the engine takes a text for a template, `$${`
 * stands for `${`.
 */
export function textsInJson(value: ValueNode, source: string): string[] {
  if (value.type === 'String') return [...new Set([value.value, unescapeTemplate(value.value)])];
  if (value.type === 'Number') return tellingNumber(source.slice(value.loc.start.offset, value.loc.end.offset));
  if (value.type === 'Array') return value.elements.flatMap((element) => textsInJson(element.value, source));
  return value.type === 'Object' ? value.members.flatMap((member) => textsInJson(member.value, source)) : [];
}
