import { decode, ExtData } from '@msgpack/msgpack';
import { PlanFileError } from './plan-file-error.ts';
import { ProtobufMessage } from './protobuf-message.ts';
import { decodeText } from './strict-text.ts';

/** Where a plan's state is kept, as the engine will configure it. A setting that was left out is `null`. */
export interface PlannedBackend {
  readonly type: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly workspace: string;
}

export type PlanMode = 'normal' | 'destroy' | 'refresh-only';

/** What is read from the entry `tfplan`: how the plan was made, not what it changes. */
export interface PlanMessage {
  readonly terraformVersion: string;
  readonly mode: PlanMode;
  /** Addresses of `-target`. With any address here or in the next two lists, the plan covers only a part. */
  readonly targets: readonly string[];
  /** Addresses of Terraform's `-invoke`. */
  readonly actionTargets: readonly string[];
  /** Addresses of OpenTofu's `-exclude`. */
  readonly excludes: readonly string[];
  /**
   * Addresses that an apply replaces although that was not planned. Engines obey them and never write them, not even
   * for `-replace`.
   */
  readonly forceReplaces: readonly string[];
  /**
   * Values that were set for variables of the root module, as the engine encodes them. Variables that have their
   * defaults are missing.
   */
  readonly variables: ReadonlyMap<string, Uint8Array>;
  /** Ephemeral variables of Terraform whose values the apply must get again. */
  readonly applyTimeVariables: readonly string[];
  readonly backend: PlannedBackend | undefined;
}

const FORMAT = 3n;
/** Field numbers of `planfile.proto`. Where one engine has a field, the other has the same field or none. */
const PLAN = {
  version: 1,
  variables: 2,
  targets: 5,
  excludes: 6,
  backend: 13,
  terraformVersion: 14,
  forceReplaces: 16,
  mode: 17,
  applyTimeVariables: 28,
  actionTargets: 32,
} as const;
const VARIABLE = { name: 1, value: 2 } as const;
const BACKEND = { type: 1, config: 2, workspace: 3 } as const;
const DYNAMIC_VALUE = { msgpack: 1 } as const;
const MODES: readonly PlanMode[] = ['normal', 'destroy', 'refresh-only'];

export function readPlanMessage(bytes: Uint8Array): PlanMessage {
  const plan = new ProtobufMessage('plan', bytes, PLAN);
  const format = plan.number(PLAN.version);
  if (format !== FORMAT) {
    throw new PlanFileError(`the plan file has format ${format ?? 'none'}, and only ${FORMAT} is known`);
  }
  const mode = MODES[Number(plan.number(PLAN.mode) ?? 0n)];
  if (mode === undefined) throw new PlanFileError(`the plan file has the unknown mode ${plan.number(PLAN.mode)}`);
  const backend = plan.bytes(PLAN.backend);
  return {
    terraformVersion: required(plan.text(PLAN.terraformVersion), 'version of an engine'),
    mode,
    targets: plan.texts(PLAN.targets),
    actionTargets: plan.texts(PLAN.actionTargets),
    excludes: plan.texts(PLAN.excludes),
    forceReplaces: plan.texts(PLAN.forceReplaces),
    variables: readVariables(plan.everyBytes(PLAN.variables)),
    applyTimeVariables: plan.texts(PLAN.applyTimeVariables),
    backend: backend && readBackend(backend),
  };
}

function readVariables(entries: readonly Uint8Array[]): ReadonlyMap<string, Uint8Array> {
  const values = new Map<string, Uint8Array>();
  for (const bytes of entries) {
    const entry = new ProtobufMessage('variable', bytes, VARIABLE);
    const name = required(entry.text(VARIABLE.name), 'name of a variable');
    if (values.has(name)) throw new PlanFileError(`the plan file has the variable ${JSON.stringify(name)} twice`);
    const what = 'value of a variable';
    const value = new ProtobufMessage(what, required(entry.bytes(VARIABLE.value), what), DYNAMIC_VALUE);
    values.set(name, required(value.bytes(DYNAMIC_VALUE.msgpack), what));
  }
  return values;
}

function readBackend(bytes: Uint8Array): PlannedBackend {
  const backend = new ProtobufMessage('backend', bytes, BACKEND);
  const value = required(backend.bytes(BACKEND.config), 'configuration of its backend');
  const config = new ProtobufMessage('configuration of the backend', value, DYNAMIC_VALUE);
  return {
    type: required(backend.text(BACKEND.type), 'type of its backend'),
    config: readSettings(required(config.bytes(DYNAMIC_VALUE.msgpack), 'configuration of its backend')),
    workspace: backend.text(BACKEND.workspace) ?? '',
  };
}

function required<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new PlanFileError(`the plan file names no ${what}`);
  return value;
}

const MOST_BYTES = 64 * 1024;
/** Most values of one list or object, because the decoder allocates the announced number at once. */
const MOST_VALUES = 256;
const DEEPEST = 32;

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof ExtData);

const wrongSettings = (what: string, cause?: unknown) =>
  new PlanFileError(`the configuration of the backend in the plan file ${what}`, { cause });

function readSettings(encoded: Uint8Array): Readonly<Record<string, unknown>> {
  if (encoded.length > MOST_BYTES) throw wrongSettings(`has more than ${MOST_BYTES} bytes`);
  let read = 0;
  const decoded = decodeSettings(encoded, () => read++);
  let kept = 0;
  const settings = toPlain(decoded, (keys) => {
    kept += keys;
  });
  if (!isRecord(settings)) throw wrongSettings('is no object');
  if (kept !== read) throw wrongSettings('has a setting twice');
  return settings;
}

function decodeSettings(encoded: Uint8Array, onKey: () => void): unknown {
  try {
    return decode(encoded, {
      // Otherwise the decoder could turn bytes that are not UTF-8 into the letters of another key.
      rawStrings: true,
      mapKeyConverter(key) {
        if (typeof key !== 'string') throw wrongSettings('has a setting without a name');
        onKey();
        return key;
      },
      maxArrayLength: MOST_VALUES,
      maxMapLength: MOST_VALUES,
    });
  } catch (cause) {
    if (cause instanceof PlanFileError) throw cause;
    throw wrongSettings('is damaged', cause);
  }
}

/** Converts bytes to strings. A value that is not known before the apply stays an extension of MessagePack. */
function toPlain(value: unknown, onKeys: (count: number) => void, depth = 0): unknown {
  if (depth > DEEPEST) throw wrongSettings('is nested too deeply');
  if (value instanceof Uint8Array) {
    const text = decodeText(value);
    if (text === undefined) throw wrongSettings('has a value that is no text');
    return text;
  }
  if (Array.isArray(value)) return value.map((item) => toPlain(item, onKeys, depth + 1));
  if (!isRecord(value)) return value;
  const entries = Object.entries(value);
  onKeys(entries.length);
  return Object.fromEntries(entries.map(([key, item]) => [key, toPlain(item, onKeys, depth + 1)]));
}
