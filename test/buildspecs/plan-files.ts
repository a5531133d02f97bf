import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { encode } from '@msgpack/msgpack';
import { strToU8, zipSync } from 'fflate';
import { variableEntry } from './forged-variables.ts';

/** The parts of a saved plan that this product reads. The rest is for the engine. */
export interface PlanFacts {
  readonly mode?: 'normal' | 'destroy' | 'refresh-only';
  readonly targets?: readonly string[];
  readonly excludes?: readonly string[];
  readonly forceReplaces?: readonly string[];
  /** Values of root variables, as engines encode them. */
  readonly variables?: Readonly<Record<string, Uint8Array>>;
  readonly backend?: {
    readonly type: string;
    readonly config: Readonly<Record<string, unknown>>;
    readonly workspace?: string;
  };
  /** The root module's files. */
  readonly files?: Readonly<Record<string, string>>;
  readonly state?: { readonly serial: number; readonly lineage: string };
  /** When it was made, in RFC 3339. Without it, plans of the same second and content have the same bytes. */
  readonly madeAt?: string;
}

/** The backend that a stand-in's `init` configures. */
export const S3_BACKEND: NonNullable<PlanFacts['backend']> = {
  type: 's3',
  config: { bucket: 'b', key: 'k', region: 'eu-west-1' },
};

/** Returns a plan file in the engines' form, made without an engine: engines make no forged plan files. */
export function planFile({
  mode = 'normal',
  targets = [],
  excludes = [],
  forceReplaces = [],
  ...facts
}: PlanFacts = {}): Buffer {
  const plan = new BinaryWriter().uint32(8).uint64(3);
  for (const [field, addresses] of [
    [5, targets],
    [6, excludes],
    [16, forceReplaces],
  ] as const)
    for (const address of addresses) plan.uint32((field << 3) | 2).string(address);
  for (const [name, value] of Object.entries(facts.variables ?? {}))
    plan.uint32((2 << 3) | 2).bytes(variableEntry(name, value));
  const { type, config, workspace = 'default' } = facts.backend ?? S3_BACKEND;
  plan.uint32((13 << 3) | 2).fork();
  plan.uint32(10).string(type).uint32(18).fork().uint32(10).bytes(encode(config)).join();
  plan.uint32(26).string(workspace).join();
  plan.uint32((14 << 3) | 2).string('1.99.0');
  plan.uint32(17 << 3).int32(['normal', 'destroy', 'refresh-only'].indexOf(mode));
  if (facts.madeAt) plan.uint32((21 << 3) | 2).string(facts.madeAt);
  const files = Object.entries(facts.files ?? {});
  const entries = {
    tfplan: plan.finish(),
    tfstate: strToU8(JSON.stringify(facts.state ?? { serial: 0, lineage: '' })),
    'tfconfig/modules.json': strToU8(JSON.stringify([{ Key: '', Dir: '.' }])),
    ...Object.fromEntries(files.map(([name, text]) => [`tfconfig/m-/${name}`, strToU8(text)])),
  };
  return Buffer.from(zipSync(entries));
}
