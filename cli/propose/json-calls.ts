import { type MemberNode, parse, type ValueNode } from '@humanwhocodes/momoa';
import { lineOfError, membersIn, nameOf } from '../../buildspecs/program/configuration/json-file.ts';
import { type Argument, type Literal, literalOf, type Unparsed, type WrittenCall } from './call-texts.ts';

const UNIT = /\\u[\da-fA-F]{4}|\\[\s\S]|[\s\S]/g;
/** What makes a text a template, or stands for a `${` that does not. */
const TEMPLATE = /[$%]\{/;

/** Returns the module calls in a text in HCL's JSON form, in their order. */
export function callsInJson(text: string): readonly WrittenCall[] | Unparsed {
  try {
    const modules = membersIn(parse(text).body).filter((member) => nameOf(member) === 'module');
    return modules.flatMap(({ value }) => membersIn(value)).flatMap((member) => callsNamed(member, text));
  } catch (error) {
    return { errorLine: lineOfError(error) };
  }
}

/** A call may be written as a list: the engine then takes each element for a call. */
function callsNamed(call: MemberNode, text: string): WrittenCall[] {
  const bodies = call.value.type === 'Array' ? call.value.elements.map(({ value }) => value) : [call.value];
  return bodies.map((body) => {
    const named = (name: string): Argument[] =>
      membersIn(body)
        .filter((member) => nameOf(member) === name)
        .map(({ value, loc }) => ({ line: loc.start.line, literal: readLiteral(value, text) }));
    return { name: nameOf(call), line: call.loc.start.line, source: named('source'), version: named('version') };
  });
}

function readLiteral(value: ValueNode, text: string): Literal | undefined {
  if (value.type !== 'String' || TEMPLATE.test(value.value)) return undefined;
  const start = value.loc.start.offset + 1;
  return literalOf(text.slice(start, value.loc.end.offset - 1), start, UNIT, (unit) => String(JSON.parse(`"${unit}"`)));
}
