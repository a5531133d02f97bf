import { factsOf, PARTS, type Part } from './facts.ts';
import type { Side } from './sides.ts';

export interface Difference {
  readonly what: string;
  /** What one side says; null: it has nothing of this name. */
  readonly one: string | null;
  readonly other: string | null;
}

export interface Comparison {
  readonly one: string;
  readonly other: string;
  /** Parts with differences. */
  readonly differences: readonly { readonly part: Part; readonly rows: readonly Difference[] }[];
  /** Parts that are known of both and are equal. */
  readonly same: readonly Part[];
  /** Parts that are not known of one of the two, which says nothing about a difference. */
  readonly unknown: readonly { readonly part: Part; readonly of: readonly string[] }[];
}

/** Compares two sides, part by part. */
export function compareSides(one: Side, other: Side): Comparison {
  const [here, there] = [factsOf(one), factsOf(other)];
  const differences: { part: Part; rows: Difference[] }[] = [];
  const same: Part[] = [];
  const unknown: { part: Part; of: string[] }[] = [];
  for (const part of PARTS) {
    const [mine, theirs] = [here[part], there[part]];
    if (mine === null || theirs === null) {
      unknown.push({ part, of: [...(mine === null ? [one.label] : []), ...(theirs === null ? [other.label] : [])] });
      continue;
    }
    const names = [...new Set([...Object.keys(mine), ...Object.keys(theirs)])];
    const rows = names
      .map((what) => ({ what, one: mine[what] ?? null, other: theirs[what] ?? null }))
      .filter((row) => row.one !== row.other);
    if (rows.length === 0) same.push(part);
    else differences.push({ part, rows });
  }
  return { one: one.label, other: other.label, differences, same, unknown };
}
