import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { encode } from '@msgpack/msgpack';
import { unzipSync, zipSync } from 'fflate';

const VARIABLES = 2;

/** Returns the value that a plan has for a text: its type and the text. */
export const textValue = (text: string): Uint8Array => encode([Buffer.from('"string"'), text]);

/** Returns an entry of the plan's message: a variable and its value. */
export const variableEntry = (name: string, value: Uint8Array): Uint8Array => {
  const dynamic = new BinaryWriter().tag(1, WireType.LengthDelimited).bytes(value).finish();
  return new BinaryWriter()
    .tag(1, WireType.LengthDelimited)
    .string(name)
    .tag(2, WireType.LengthDelimited)
    .bytes(dynamic)
    .finish();
};

/**
 * Returns the plan with other values of root variables and no other change, as anybody can make it who can write the
 * plan's file.
 */
export function withVariables(plan: Buffer, variables: Readonly<Record<string, Uint8Array>>): Buffer {
  const { tfplan = new Uint8Array(), ...entries } = unzipSync(plan);
  const forged = new BinaryWriter();
  const reader = new BinaryReader(tfplan);
  while (reader.pos < reader.len) {
    const start = reader.pos;
    const [field, wireType] = reader.tag();
    reader.skip(wireType, field);
    if (field !== VARIABLES) forged.raw(tfplan.subarray(start, reader.pos));
  }
  for (const [name, value] of Object.entries(variables))
    forged.tag(VARIABLES, WireType.LengthDelimited).bytes(variableEntry(name, value));
  return Buffer.from(zipSync({ ...entries, tfplan: forged.finish() }, { level: 0 }));
}
