/** JSON of unknown shape; the functions below read it without type assertions. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
export type JsonRecord = Readonly<Record<string, unknown>>;

export const isRecord = (value: unknown): value is JsonRecord =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const recordOf = (value: unknown): JsonRecord => (isRecord(value) ? value : {});
export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
export const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** Returns a number, also one that a provider wrote as text (`"512"`). */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string' || value.trim() === '') return undefined;
  const number = Number(value);
  return Number.isFinite(number) ? number : undefined;
}

/** Returns an own property of a record, never one of its prototype. */
export const fieldOf = (record: JsonRecord, key: string): unknown =>
  Object.hasOwn(record, key) ? record[key] : undefined;

/** Returns whether the value is one that providers write for "not set": null, an empty text, list or object. */
export function isBlank(value: unknown): boolean {
  if (value === null || value === undefined || value === '') return true;
  if (Array.isArray(value)) return value.length === 0;
  return isRecord(value) && Object.keys(value).length === 0;
}

/** Returns whether two JSON values are deeply equal; an absent value equals null. */
export function sameJson(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (Array.isArray(one) && Array.isArray(other))
    return one.length === other.length && one.every((item, index) => sameJson(item, other[index]));
  if (isRecord(one) && isRecord(other)) {
    const keys = Object.keys(one);
    if (keys.length !== Object.keys(other).length) return false;
    return keys.every((key) => Object.hasOwn(other, key) && sameJson(one[key], other[key]));
  }
  return (one ?? null) === null && (other ?? null) === null;
}

/** Returns JSON text with sorted keys: two texts are equal exactly if the values are. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (!isRecord(value)) return JSON.stringify(value ?? null);
  const fields = Object.keys(value).sort();
  return `{${fields.map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key])}`).join(',')}}`;
}

/** Returns the JSON object or list that a text contains (`jsonencode(…)`), or undefined if the text is neither. */
export function containerIn(text: string): JsonRecord | readonly unknown[] | undefined {
  const first = text.trimStart()[0];
  if (first !== '{' && first !== '[') return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) || isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Returns whether a mask (`after_unknown`, `before_sensitive`) marks anything. */
export function marksAnything(mask: unknown): boolean {
  if (mask === true) return true;
  if (Array.isArray(mask)) return mask.some(marksAnything);
  return isRecord(mask) && Object.values(mask).some(marksAnything);
}

/** Returns the part of a mask for a field or an element; a mask of `true` covers everything below it. */
export function maskAt(mask: unknown, key: string | number): unknown {
  if (mask === true) return true;
  if (typeof key === 'number') return listOf(mask)[key];
  return isRecord(mask) ? fieldOf(mask, key) : undefined;
}
