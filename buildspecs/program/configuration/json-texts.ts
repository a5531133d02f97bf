import type { ValueNode } from '@humanwhocodes/momoa';
import { parse } from '../hcl/parse.ts';
import { unescapeTemplate } from '../hcl/template-text.ts';
import { tellingNumber, textsIn } from '../hcl/texts.ts';

/**
 * Returns every text in a JSON value, at any depth, and every number as the engine prints it. `source` is the text of the
 * file: a number that JavaScript has read may have lost digits. Some texts are templates for the engine, and some are not.
 * So they count as they are, too.
 */
export function textsInJson(value: ValueNode, source: string): string[] {
  if (value.type === 'String')
    return [...new Set([value.value, unescapeTemplate(value.value), ...textsInTemplate(value.value)])];
  if (value.type === 'Number') return tellingNumber(source.slice(value.loc.start.offset, value.loc.end.offset));
  if (value.type === 'Array') return value.elements.flatMap((element) => textsInJson(element.value, source));
  return value.type === 'Object' ? value.members.flatMap((member) => textsInJson(member.value, source)) : [];
}

/** Returns the texts in a template. In JSON, it follows the rules of a heredoc. */
function textsInTemplate(text: string): string[] {
  if (!/[$%]\{/.test(text)) return [];
  const lines = text.split('\n').map((line) => line.trim());
  let marker = 'E';
  while (lines.includes(marker)) marker += 'E';
  const { root, errorLine } = parse(`a = <<${marker}\n${text}\n${marker}\n`);
  const [expression] = errorLine === undefined ? root.within('expression') : [];
  return expression ? textsIn(expression).map((found) => found.replace(/\n$/, '')) : [];
}
