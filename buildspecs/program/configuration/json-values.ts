import { evaluate, type MemberNode, parse } from '@humanwhocodes/momoa';
import { PhaseError } from '../build/failure.ts';
import { membersIn, nameOf } from './json-file.ts';
import { textsInJson } from './json-texts.ts';
import type { FileValue } from './variables.ts';

/**
 * Returns the values of a `*.tfvars.json` file, both of them if a name occurs twice. Throws PhaseError, without the text
 * that is wrong: it may be a secret.
 */
export function readJsonValues(text: string, file: string): FileValue[] {
  return membersOf(text, file).map((member) => ({
    variable: nameOf(member),
    file,
    line: member.loc.start.line,
    value: evaluate(member.value),
    texts: textsInJson(member.value, text),
  }));
}

function membersOf(text: string, file: string): MemberNode[] {
  try {
    return membersIn(parse(text).body);
  } catch (error) {
    const line = error instanceof Error && 'line' in error ? Number(error.line) : 1;
    throw new PhaseError('variables', `reading ${file}:${line}: this is no JSON`, { reason: 'unparsable' });
  }
}
