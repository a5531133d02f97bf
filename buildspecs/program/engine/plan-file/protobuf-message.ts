import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { PlanFileError } from './plan-file-error.ts';
import { decodeText } from './strict-text.ts';

const MOST_VALUES = 1000;

/**
 * The wanted fields of a protobuf message of any origin. Refuses what engines never write and would skip or merge, so
 * that this program never reads another value than the engine.
 */
export class ProtobufMessage {
  private readonly name: string;
  private readonly values: ReadonlyMap<number, (bigint | Uint8Array)[]>;

  constructor(name: string, bytes: Uint8Array, wanted: Readonly<Record<string, number>>) {
    this.name = name;
    this.values = new Map(Object.values(wanted).map((field) => [field, []]));
    try {
      this.read(new BinaryReader(bytes));
    } catch (cause) {
      if (cause instanceof PlanFileError) throw cause;
      throw new PlanFileError(`the ${name} in the plan file is damaged`, { cause });
    }
  }

  private read(reader: BinaryReader): void {
    while (reader.pos < reader.len) {
      const [field, wireType] = reader.tag();
      const values = this.values.get(field);
      if (!values) reader.skip(wireType, field);
      else if (values.length === MOST_VALUES) throw this.wrong(field, `has more than ${MOST_VALUES} values`);
      else if (wireType === WireType.Varint) values.push(BigInt(reader.uint64()));
      else if (wireType === WireType.LengthDelimited) values.push(reader.bytes());
      else throw this.wrong(field, 'has another type');
    }
  }

  number(field: number): bigint | undefined {
    const value = this.only(field);
    if (value instanceof Uint8Array) throw this.wrong(field, 'is no number');
    return value;
  }

  bytes(field: number): Uint8Array | undefined {
    const value = this.only(field);
    if (typeof value === 'bigint') throw this.wrong(field, 'is a number');
    return value;
  }

  text(field: number): string | undefined {
    const bytes = this.bytes(field);
    return bytes && this.decode(field, bytes);
  }

  texts(field: number): readonly string[] {
    return this.everyBytes(field).map((value) => this.decode(field, value));
  }

  everyBytes(field: number): readonly Uint8Array[] {
    return (this.values.get(field) ?? []).map((value) => {
      if (typeof value === 'bigint') throw this.wrong(field, 'is a number');
      return value;
    });
  }

  private only(field: number): bigint | Uint8Array | undefined {
    const [value, ...more] = this.values.get(field) ?? [];
    if (more.length > 0) throw this.wrong(field, 'is there twice');
    return value;
  }

  private decode(field: number, bytes: Uint8Array): string {
    const text = decodeText(bytes);
    if (text === undefined) throw this.wrong(field, 'is no text');
    return text;
  }

  private wrong(field: number, what: string): PlanFileError {
    return new PlanFileError(`field ${field} of the ${this.name} in the plan file ${what}`);
  }
}
