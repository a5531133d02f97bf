import { evaluate, parse } from '@humanwhocodes/momoa';
import { lineOfError, membersIn, nameOf } from './json-file.ts';
import { textsInJson } from './json-texts.ts';
import type { FileValue } from './variables.ts';

/**
 * Returns the values of a `*.tfvars.json` file, both of them if a name occurs twice, or the line of the first text that
 * is no JSON.
 */
export function readJsonValues(text: string, file: string): FileValue[] | number {
  try {
    return membersIn(parse(text).body).map((member) => ({
      variable: nameOf(member),
      file,
      line: member.loc.start.line,
      value: evaluate(member.value),
      texts: textsInJson(member.value, text),
    }));
  } catch (error) {
    return lineOfError(error);
  }
}
