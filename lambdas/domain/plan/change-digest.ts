import { createHash, createHmac } from 'node:crypto';
import {
  canonicalJson,
  fieldOf,
  isRecord,
  type JsonRecord,
  listOf,
  marksAnything,
  maskAt,
  recordOf,
  sameJson,
} from '../json-value.ts';
import { type Block, blockIdOfAddress } from './configured-resources.ts';
import { isInstant } from './drift.ts';
import type { Plan } from './plan-schema.ts';
import type { Redactor } from './redaction/redactor.ts';
import { isEffective, isMove, type ResourceChange } from './resource-change.ts';

/** Version that is part of every digest. A new value makes new digests differ from those of older plans. */
const VERSION = 'stagegate-change-digest-2';

export interface DigestFacts {
  readonly plan: Plan;
  readonly changes: readonly ResourceChange[];
  readonly blocks: ReadonlyMap<string, Block>;
  readonly redactor: Redactor;
  /**
   * Key for the hashes of sensitive values, so that nobody can try out passwords on a published digest. When it is
   * empty, the values are hashed without a key, as the command line does for a user who has the plan anyway.
   */
  readonly key: string;
  /** SHA-256 of the files that are applied with the plan; absent when no inspection has seen them. */
  readonly content?: string;
}

/**
 * Returns the SHA-256 (hex) of what applying the plan would do. Two plans that would do the same have equal digests.
 * Any difference in action, address, value, sensitivity or unknown-ness, or in the files that are applied with the
 * plan, makes the digests differ. Times, serials, reasons and the order of keys and entries do not count.
 */
export function changeDigestOf(facts: DigestFacts): string {
  const { plan, changes } = facts;
  const seal = new Seal(facts);
  const hash = createHash('sha256').update(VERSION);
  const parts = [
    ...changes.filter(isEffective).map((change) => `resource ${change.key} ${effectOf(change, facts, seal)}`),
    ...Object.entries(plan.output_changes ?? {})
      .filter(([, { actions }]) => !actions.every((action) => action === 'no-op'))
      .map(([name, { actions, before, after, after_unknown, before_sensitive, after_sensitive }]) =>
        record({
          output: JSON.stringify(name),
          actions: JSON.stringify(actions),
          before: seal.value(before, before_sensitive),
          after: seal.value(after, after_sensitive),
          unknown: marksText(after_unknown),
          sensitive: marksText(after_sensitive),
        }),
      ),
    ...(plan.action_invocations ?? []).map((invocation) => `invoke ${seal.whole(invocation)}`),
    ...(plan.deferred_changes ?? []).map((deferred) => `deferred ${seal.whole(deferred)}`),
    ...providersOf(plan, seal),
    ...(facts.content === undefined ? [] : [`content ${facts.content}`]),
  ];
  for (const part of parts.sort()) hash.update('\n').update(part);
  return hash.digest('hex');
}

/** Writes values as canonical JSON in which sensitive leaves are replaced by a keyed hash. */
class Seal {
  readonly #redactor: Redactor;
  readonly #key: string;

  constructor({ redactor, key }: DigestFacts) {
    this.#redactor = redactor;
    this.#key = key;
  }

  value(value: unknown, mask: unknown): string {
    if (mask === true) return this.whole(value);
    if (Array.isArray(value)) return `[${value.map((item, at) => this.value(item, maskAt(mask, at))).join(',')}]`;
    if (isRecord(value))
      return record(
        Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.value(item, maskAt(mask, key))])),
      );
    const text = canonicalJson(value);
    const isSecret =
      (typeof value === 'string' && this.#redactor.alters(value)) ||
      (typeof value === 'number' && this.#redactor.alters(text));
    return isSecret ? this.whole(value) : text;
  }

  /** Returns the keyed hash of a whole value, no part of which may be guessed from the digest. */
  whole(value: unknown): string {
    return `sealed:${createHmac('sha256', this.#key).update(canonicalJson(value)).digest('hex')}`;
  }
}

/** Writes fields in braces, so that the contents of a record cannot be read as fields beside the record. */
const record = (fields: Readonly<Record<string, string>>): string =>
  `{${Object.keys(fields)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${fields[key]}`)
    .join(',')}}`;

/** Reduces a mask to the places that it marks, and returns them as text. */
function marksText(mask: unknown): string {
  if (!marksAnything(mask)) return '';
  if (mask === true) return 'true';
  if (Array.isArray(mask)) return `[${mask.map(marksText).join(',')}]`;
  const marked = Object.entries(recordOf(mask)).filter(([, item]) => marksAnything(item));
  return record(Object.fromEntries(marked.map(([key, item]) => [key, marksText(item)])));
}

function effectOf(change: ResourceChange, { blocks }: DigestFacts, seal: Seal): string {
  const { before, after, unknown, beforeMask, afterMask } = change;
  const resource = blocks.get(blockIdOfAddress(change.address))?.resource;
  const configured = recordOf(resource?.expressions);
  const [was, is] = [recordOf(before), recordOf(after)];
  const isUnchanged = (key: string): boolean =>
    change.kind === 'update' &&
    !marksAnything(maskAt(unknown, key)) &&
    sameJson(fieldOf(was, key), fieldOf(is, key)) &&
    !IDENTITY.has(key);
  const isClock = (key: string): boolean => isInstant(fieldOf(was, key)) && !Object.hasOwn(configured, key);
  const isRecordsOnly = change.kind === 'no-op' || change.kind === 'forget';
  const keeps = (key: string): boolean => (isRecordsOnly ? IDENTITY.has(key) : !isUnchanged(key));
  const part = (values: JsonRecord, mask: unknown, keep: (key: string) => boolean): string =>
    record(
      Object.fromEntries(
        Object.keys(values)
          .filter(keep)
          .map((key) => [key, seal.value(values[key], maskAt(mask, key))]),
      ),
    );
  return record({
    actions: JSON.stringify(change.actions),
    moved: isMove(change) ? JSON.stringify(change.previousAddress) : '',
    import: change.importing
      ? seal.value([change.importing.id ?? null, change.importing.identity ?? null], undefined)
      : '',
    before: part(was, beforeMask, (key) => keeps(key) && !isClock(key)),
    after: part(is, afterMask, keeps),
    unknown: marksText(unknown),
    sensitive: `${marksText(beforeMask)} ${marksText(afterMask)}`,
    provisioners: seal.value(listOf(resource?.provisioners), undefined),
  });
}

/** Attributes that identify an object. They are part of the digest even when nothing about them changes. */
const IDENTITY: ReadonlySet<string> = new Set(['id', 'arn']);

/**
 * Returns the provider configurations as part of the digest: the same changes elsewhere (in another account or region)
 * are other changes.
 */
function providersOf(plan: Plan, seal: Seal): string[] {
  const providers = recordOf(plan.configuration?.provider_config);
  const references = new Set(JSON.stringify(providers).match(/"var\.[^".[]+/g) ?? []);
  const names = [...references].map((reference) => reference.slice('"var.'.length));
  const variables = plan.configuration?.root_module?.variables ?? {};
  return [
    `providers ${seal.value(providers, undefined)}`,
    ...names.map((name) => {
      const isSensitive = fieldOf(variables, name) !== undefined && variables[name]?.sensitive === true;
      return `provider variable ${JSON.stringify(name)} ${seal.value(plan.variables?.[name]?.value, isSensitive)}`;
    }),
  ];
}
