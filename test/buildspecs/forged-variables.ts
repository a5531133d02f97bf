import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { encode } from '@msgpack/msgpack';
import { unzipSync, zipSync } from 'fflate';

const VARIABLES = 2;

/** What stands in a plan for a text: its type and itself. */
export const textValue = (text: string): Uint8Array => encode([Buffer.from('"string"'), text]);

/** An entry of the plan's message: the variable and its value. */
export const variableEntry = (name: string, value: Uint8Array): Uint8Array => {
  const dynamic = new BinaryWriter().tag(1, WireType.LengthDelimited).bytes(value).finish();
  return new BinaryWriter()
    .tag(1, WireType.LengthDelimited)
    .string(name)
    .tag(2, WireType.LengthDelimited)
    .bytes(dynamic)
    .finish();
};

/** The same plan with other values of root variables, as whoever can write its file can make it: nothing else of it changes. */
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
