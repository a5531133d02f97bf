import { containerIn, fieldOf, isBlank, isRecord, marksAnything, maskAt, recordOf, sameJson } from '../json-value.ts';
import type { Drift } from './analysis-parts.ts';
import { type Block, blockIdOfAddress } from './configured-resources.ts';
import type { Plan } from './plan-schema.ts';
import { kindOf, type ResourceChange, toResourceChange } from './resource-change.ts';

/**
 * Returns the part of `resource_drift` that a person would call drift. Terraform lists every difference that a refresh
 * finds: after an apply, nulls become empty lists, computed lists fill up, and clocks such as `latest_restorable_time`
 * move in every plan. A difference counts when the object is gone, or when an attribute differs that the configuration
 * sets, that something else reads, or that this plan corrects.
 */
export function driftOf(plan: Plan, changes: readonly ResourceChange[], blocks: ReadonlyMap<string, Block>): Drift[] {
  const planned = new Map(changes.map((change) => [change.key, change]));
  const relevant = new Set(
    (plan.relevant_attributes ?? []).map(({ resource, attribute }) => `${resource}\n${attribute?.[0] ?? ''}`),
  );
  return (plan.resource_drift ?? []).map(toResourceChange).flatMap((drifted): Drift[] => {
    const { address, key } = drifted;
    if (kindOf(drifted.actions) === 'delete') return [{ address, what: 'deleted', attributes: [] }];
    const configured = recordOf(blocks.get(blockIdOfAddress(address))?.resource.expressions);
    const attributes = differingAttributes(drifted).filter((attribute) => {
      if (Object.hasOwn(configured, attribute) || changesAttribute(planned.get(key), attribute)) return true;
      return relevant.has(`${address}\n${attribute}`) && !isClock(drifted, attribute);
    });
    return attributes.length > 0 ? [{ address, what: 'changed', attributes }] : [];
  });
}

function differingAttributes({ before, after }: ResourceChange): string[] {
  const [was, is] = [recordOf(before), recordOf(after)];
  const keys = [...new Set([...Object.keys(was), ...Object.keys(is)])];
  return keys.filter((key) => differs(fieldOf(was, key), fieldOf(is, key))).sort();
}

/**
 * Returns whether two values differ at any depth. All ways of saying "not set" are equal, and JSON texts are compared
 * by content.
 */
function differs(one: unknown, other: unknown): boolean {
  if (isUnset(one) && isUnset(other)) return false;
  if (Array.isArray(one) && Array.isArray(other))
    return one.length !== other.length || one.some((item, at) => differs(item, other[at]));
  if (isRecord(one) && isRecord(other))
    return [...new Set([...Object.keys(one), ...Object.keys(other)])].some((key) =>
      differs(fieldOf(one, key), fieldOf(other, key)),
    );
  if (typeof one === 'string' && typeof other === 'string' && one !== other) {
    const [content, otherContent] = [containerIn(one), containerIn(other)];
    return !content || !otherContent || differs(content, otherContent);
  }
  return !sameJson(one, other);
}

/** Returns whether a value means "not set". A refresh turns "not set" into the provider's empty value. */
const isUnset = (value: unknown): boolean => isBlank(value) || value === false || value === 0;

function changesAttribute(change: ResourceChange | undefined, attribute: string): boolean {
  if (change?.kind !== 'update' && change?.kind !== 'replace') return false;
  const [was, is] = [fieldOf(recordOf(change.before), attribute), fieldOf(recordOf(change.after), attribute)];
  return !marksAnything(maskAt(change.unknown, attribute)) && !sameJson(was, is) && !(isBlank(was) && isBlank(is));
}

const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}/;

/** Returns whether a value is the text of a date and time, which only moves on. */
export const isInstant = (value: unknown): boolean => typeof value === 'string' && INSTANT.test(value);

const isClock = ({ before, after }: ResourceChange, attribute: string): boolean =>
  isInstant(fieldOf(recordOf(before), attribute)) && isInstant(fieldOf(recordOf(after), attribute));
