import type { Undestroyed } from '../../contract/destroy-settings.ts';
import { fieldOf, isRecord, type JsonRecord, listOf, recordOf } from '../../json-value.ts';
import { blockIdOfAddress } from '../configured-resources.ts';
import { type ResourceChange, valuesAfter } from '../resource-change.ts';
import { counted } from '../wording.ts';
import { RESISTANCES, type Resistance } from './kinds-that-stay.ts';

/** An object that is there after the apply and resists its destruction. */
interface Staying {
  readonly address: string;
  /** `always`: a destruction fails. `maybe`: it fails under a condition that `why` names. */
  readonly fails: 'always' | 'maybe';
  /** Completes the sentence "aws_db_instance.main …", with the way out. */
  readonly why: string;
}

/**
 * Returns the objects of a plan that could not be destroyed, and those that perhaps could not be. Values that are known
 * only after the apply are no objection.
 */
export function findStaying(changes: readonly ResourceChange[], undestroyed: readonly Undestroyed[]): Staying[] {
  const settings = Map.groupBy(undestroyed, ({ address }) => address);
  return changes
    .filter((change) => change.mode === 'managed' && change.deposed === undefined && valuesAfter(change) !== undefined)
    .flatMap((change) => [
      ...(settings.get(blockIdOfAddress(change.address)) ?? []).map((setting) => bySetting(change, setting)),
      ...byValues(change),
    ]);
}

const MOST_NOTICES = 20;

/** Returns the notices about objects that perhaps could not be destroyed. */
export function noticesOfStaying(
  changes: readonly ResourceChange[],
  undestroyed: readonly Undestroyed[],
): readonly string[] {
  const unread = undestroyed
    .filter(({ isUnread }) => isUnread)
    .map(
      ({ file, line }) =>
        `${file} is not understood from line ${line} on: make sure that nothing in it has prevent_destroy, or this environment may not end`,
    );
  const notices = [
    ...new Set(unread),
    ...findStaying(changes, undestroyed)
      .filter(({ fails }) => fails === 'maybe')
      .map(({ address, why }) => `${address} ${why}; otherwise this environment may not end`),
  ];
  const more = notices.length - MOST_NOTICES;
  return more > 0
    ? [...notices.slice(0, MOST_NOTICES), `${counted(more, 'more object')} may keep this environment from ending`]
    : notices;
}

function bySetting({ address }: ResourceChange, { setting, file, line, isLiteral }: Undestroyed): Staying {
  const place = `(${file}:${line})`;
  if (!isLiteral) {
    const why = `has a ${setting} that has to be evaluated ${place}: make sure that it lets ephemeral environments be destroyed`;
    return { address, fails: 'maybe', why };
  }
  const why =
    setting === 'prevent_destroy'
      ? `has prevent_destroy = true ${place}, so the engine refuses to destroy it; use a resource without it in ephemeral environments`
      : `has destroy = false ${place}, so the engine leaves it behind; use a resource without it in ephemeral environments`;
  return { address, fails: 'always', why };
}

function byValues({ address, type, after, unknown }: ResourceChange): Staying[] {
  const parts = partsOf(after, unknown);
  const found = RESISTANCES.filter((resistance) => {
    const { kinds, except = [] } = resistance;
    const [meant, judged] =
      kinds === 'any' ? [!except.includes(type), parts] : [kinds.includes(type), parts.slice(0, 1)];
    return meant && judged.some((part) => isFoundIn(part, resistance));
  });
  return found.map(({ fails, why }) => ({ address, fails, why }));
}

/** The values of an object, or of a block in it, with the marks of those that are not known yet. */
interface Part {
  readonly values: JsonRecord;
  readonly unknown: JsonRecord;
}

function isFoundIn({ values, unknown }: Part, { attribute, besides = [], resists }: Resistance): boolean {
  const isKnown = (name: string) => !fieldOf(unknown, name);
  return [attribute, ...besides].every(isKnown) && resists(fieldOf(values, attribute), values);
}

/** Returns the values of an object, and then of all blocks in it. Plans show blocks as lists; a map, such as tags, is none. */
function partsOf(values: unknown, unknown: unknown): Part[] {
  if (!isRecord(values)) return [];
  const marks = recordOf(unknown);
  const blocks = Object.entries(values).flatMap(([name, value]) => {
    const marksOfBlocks = listOf(fieldOf(marks, name));
    return listOf(value).flatMap((block, at) => partsOf(block, marksOfBlocks[at]));
  });
  return [{ values, unknown: marks }, ...blocks];
}
