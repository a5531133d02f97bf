import { HIDDEN } from '../contract/hidden-text/secret-finder.ts';
import {
  containerIn,
  isBlank,
  isRecord,
  type Json,
  listOf,
  marksAnything,
  maskAt,
  recordOf,
  sameJson,
} from '../json-value.ts';
import type { AttributeChange } from './analysis-parts.ts';
import { hides, type Redactor } from './redaction/redactor.ts';
import { namedValueOf } from './redaction/secret-name.ts';
import { type ResourceChange, valuesAfter, valuesBefore } from './resource-change.ts';

/** Most attributes listed per resource. A reviewer reads no more, and the rest are counted. */
const MOST_ATTRIBUTES = 120;
/** Most characters of one shown value. */
const MOST_CHARACTERS = 600;

export interface AttributeChanges {
  readonly changes: AttributeChange[];
  /** Number of differences beyond the limit. */
  readonly more: number;
}

/**
 * Returns the differences that a change makes, from before to after, ready to be shown: redacted, and with unknown
 * values marked.
 */
export function attributeChangesOf(change: ResourceChange, redactor: Redactor): AttributeChanges {
  const differ = new Differ(change, redactor);
  const { unknown, beforeMask, afterMask } = change;
  const [before, after] = [valuesBefore(change), valuesAfter(change)];
  if (before && after) differ.compare([], { before, after, unknown, beforeMask, afterMask });
  else if (after) differ.list(after, afterMask, 'after', unknown);
  else differ.list(before, beforeMask, 'before', unknown);
  const found = differ.found.sort((one, other) => rank(one) - rank(other));
  return { changes: found.slice(0, MOST_ATTRIBUTES), more: Math.max(0, found.length - MOST_ATTRIBUTES) };
}

/**
 * Returns where an attribute is sorted: first those that force a replacement, then known values, last values that are
 * known only after the apply.
 */
const rank = ({ forcesReplacement, unknown }: AttributeChange): number => (forcesReplacement ? 0 : unknown ? 2 : 1);

interface Sides {
  readonly before: unknown;
  readonly after: unknown;
  readonly unknown: unknown;
  readonly beforeMask: unknown;
  readonly afterMask: unknown;
}
type Path = readonly (string | number)[];

class Differ {
  readonly found: AttributeChange[] = [];
  readonly #redactor: Redactor;
  readonly #replacePaths: ReadonlySet<string>;
  readonly #isReplaced: boolean;

  constructor(change: ResourceChange, redactor: Redactor) {
    this.#redactor = redactor;
    this.#isReplaced = change.kind === 'replace';
    this.#replacePaths = new Set(change.replacePaths.map(formatPath));
  }

  /** Lists a created or destroyed object: one line per attribute that is set. */
  list(values: unknown, mask: unknown, side: 'before' | 'after', unknown: unknown): void {
    for (const [key, value] of Object.entries(recordOf(values)).sort(byKey))
      if (!isBlank(value)) this.#add([key], { [side]: this.#shown(key, value, maskAt(mask, key)) });
    if (side === 'after')
      for (const [key, mark] of Object.entries(recordOf(unknown)).sort(byKey))
        if (mark === true) this.#add([key], { unknown: true });
  }

  compare(path: Path, sides: Sides): void {
    const { before, after, unknown, beforeMask, afterMask } = sides;
    const name = String(path.at(-1) ?? '');
    if (unknown === true) {
      const known = isBlank(before) ? {} : { before: this.#shown(name, before, beforeMask) };
      this.#add(path, { ...known, unknown: true });
    } else if (beforeMask === true || afterMask === true || hides(name, before) || hides(name, after)) {
      if (!sameJson(before, after)) this.#add(path, hiddenSides(before, after));
    } else if (isRecord(before) && isRecord(after)) this.#compareRecords(path, before, after, sides);
    else if (Array.isArray(before) && Array.isArray(after)) this.#compareLists(path, before, after, sides);
    else if (!this.#isSameNothing(before, after) && !sameJson(before, after)) this.#compareValues(path, sides);
    else if (marksAnything(unknown)) this.#compareRecords(path, recordOf(before), recordOf(after), sides);
  }

  /**
   * Returns whether both sides mean "not set". A replacement drops the empty values that the provider had filled in;
   * nobody decided that.
   */
  #isSameNothing(before: unknown, after: unknown): boolean {
    return isBlank(after) && (isBlank(before) || (this.#isReplaced && (before === false || before === 0)));
  }

  #compareRecords(path: Path, before: Record<string, unknown>, after: Record<string, unknown>, sides: Sides): void {
    const [hiddenBefore, hiddenAfter] = [namedValueOf(before), namedValueOf(after)];
    const keys = new Set([...Object.keys(before), ...Object.keys(after), ...Object.keys(recordOf(sides.unknown))]);
    for (const key of [...keys].sort()) {
      const [was, is] = [before[key], after[key]];
      const isHidden = (was !== undefined && was === hiddenBefore) || (is !== undefined && is === hiddenAfter);
      this.compare([...path, key], {
        before: was,
        after: is,
        unknown: maskAt(sides.unknown, key),
        beforeMask: isHidden || maskAt(sides.beforeMask, key),
        afterMask: isHidden || maskAt(sides.afterMask, key),
      });
    }
  }

  /**
   * Compares lists and sets, which look alike in JSON. Elements that exist on both sides are no difference. The others
   * are paired in order where they may be the same element changed; otherwise they are removed or added.
   */
  #compareLists(path: Path, before: unknown[], after: unknown[], sides: Sides): void {
    const [left, added] = withoutCommon(before, after);
    if (left.length === 0 && added.length === 0 && !marksAnything(sides.unknown)) {
      if (!sameJson(before, after))
        this.#add(path, {
          before: this.#shown('', before, sides.beforeMask),
          after: this.#shown('', after, sides.afterMask),
        });
      return;
    }
    const pairs =
      left.length === added.length &&
      left.every((at, nth) => isRecord(before[at]) && isRecord(after[added[nth] ?? -1]));
    for (const [nth, at] of left.entries()) {
      const other = pairs ? added[nth] : undefined;
      if (other === undefined)
        this.#add([...path, at], { before: this.#shown('', before[at], maskAt(sides.beforeMask, at)) });
      else
        this.compare([...path, other], {
          before: before[at],
          after: after[other],
          unknown: maskAt(sides.unknown, other),
          beforeMask: maskAt(sides.beforeMask, at),
          afterMask: maskAt(sides.afterMask, other),
        });
    }
    if (!pairs)
      for (const at of added.filter((place) => !marksAnything(maskAt(sides.unknown, place))))
        this.#add([...path, at], { after: this.#shown('', after[at], maskAt(sides.afterMask, at)) });
    const unknowns = listOf(sides.unknown);
    for (const [at, mark] of unknowns.entries())
      if (marksAnything(mark) && !(pairs && added.includes(at))) this.#add([...path, at], { unknown: true });
  }

  #compareValues(path: Path, { before, after, beforeMask, afterMask, unknown }: Sides): void {
    const [was, is] = [
      typeof before === 'string' && containerIn(before),
      typeof after === 'string' && containerIn(after),
    ];
    if (was && is) {
      if (!sameJson(was, is)) this.compare(path, { before: was, after: is, unknown, beforeMask, afterMask });
      return;
    }
    const name = String(path.at(-1) ?? '');
    this.#add(path, {
      ...(isBlank(before) ? {} : { before: this.#shown(name, before, beforeMask) }),
      ...(isBlank(after) ? {} : { after: this.#shown(name, after, afterMask) }),
    });
  }

  #shown(name: string, value: unknown, mask: unknown): Json {
    return hides(name, value) ? HIDDEN : shortened(this.#redactor.value(value, mask));
  }

  #add(path: Path, change: Omit<AttributeChange, 'path'>): void {
    const sensitive = [change.before, change.after].some(carriesHidden);
    const top = formatPath(path);
    this.found.push({
      path: this.#redactor.text(top),
      ...change,
      ...(sensitive && { sensitive: true }),
      ...(this.#forcesReplacement(path) && { forcesReplacement: true }),
    });
  }

  #forcesReplacement(path: Path): boolean {
    return path.some((_, depth) => this.#replacePaths.has(formatPath(path.slice(0, depth + 1))));
  }
}

const byKey = ([one]: [string, unknown], [other]: [string, unknown]): number => (one < other ? -1 : 1);

/** Returns the positions in either list whose elements have no equal partner in the other. */
function withoutCommon(before: readonly unknown[], after: readonly unknown[]): [number[], number[]] {
  const free = new Map<string, number[]>();
  for (const [at, item] of after.entries()) {
    const text = JSON.stringify(item);
    const places = free.get(text);
    if (places) places.push(at);
    else free.set(text, [at]);
  }
  const left = [...before.entries()]
    .filter(([, item]) => free.get(JSON.stringify(item))?.shift() === undefined)
    .map(([at]) => at);
  return [left, [...free.values()].flat().sort((one, other) => one - other)];
}

const hiddenSides = (before: unknown, after: unknown) => ({
  ...(isBlank(before) ? {} : { before: HIDDEN }),
  ...(isBlank(after) ? {} : { after: HIDDEN }),
});

const carriesHidden = (value: unknown): boolean =>
  typeof value === 'string' ? value.includes(HIDDEN) : value !== undefined && JSON.stringify(value).includes(HIDDEN);

/** Cuts a redacted value to what a page can show. */
function shortened(value: Json): Json {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  if (text.length > MOST_CHARACTERS)
    return `${text.slice(0, MOST_CHARACTERS).toWellFormed()}… (${text.length} characters)`;
  return value;
}

/** Formats a path: `ingress[1].cidr_blocks`, `tags["a b"]`. */
function formatPath(path: Path): string {
  const steps = path.map((step) => {
    if (typeof step === 'number') return `[${step}]`;
    return /^[\w-]+$/.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`;
  });
  return steps.join('').replace(/^\./, '');
}
