import { isRecord, type JsonRecord } from '../json-value.ts';

/** A value found at a dotted path, and the element of a block list that contains it (`ebs_block_device[1]`), if any. */
export interface Found {
  readonly value: unknown;
  readonly block: string;
}

const NOTHING: readonly Found[] = [];

/**
 * Returns all values at a dotted path. Lists are searched, as OpenInfraQuote does, but each value keeps the block that
 * contains it.
 */
export function valuesAt(values: JsonRecord, path: string): readonly Found[] {
  if (!path.includes('.')) {
    const value = Object.hasOwn(values, path) ? values[path] : undefined;
    if (!Array.isArray(value)) return value === undefined ? NOTHING : [{ value, block: '' }];
  }
  let found: Found[] = [{ value: values, block: '' }];
  for (const [depth, step] of path.split('.').entries())
    found = found.flatMap(({ value, block }): Found[] => {
      if (!isRecord(value) || !Object.hasOwn(value, step)) return [];
      const next = value[step];
      if (!Array.isArray(next)) return [{ value: next, block }];
      return next.map((item, at) => ({
        value: item,
        block: block || (depth === 0 && isRecord(item) ? `${step}[${at}]` : ''),
      }));
    });
  return found;
}
