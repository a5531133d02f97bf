/** A version: its numbers, and what follows them for one that comes before a release (`rc.1`; empty for a release). */
export interface Version {
  readonly numbers: readonly number[];
  readonly before: string;
}

const VERSION = /^v?(\d+(?:\.\d+){0,3})(?:-([\w.-]+))?(?:\+[\w.-]+)?$/;

/** Reads `1.2.3`, `v1.2`, `1.2.3-rc.1+build`. Returns undefined for any other text. */
export function readVersion(text: string): Version | undefined {
  const [, numbers, before = ''] = VERSION.exec(text) ?? [];
  return numbers === undefined ? undefined : { numbers: numbers.split('.').map(Number), before };
}

/** Returns a number below, at or above 0 if the first version comes before the other, with it, or after it. */
export function compareVersions(one: Version, other: Version): number {
  for (let at = 0; at < Math.max(one.numbers.length, other.numbers.length); at++) {
    const difference = (one.numbers[at] ?? 0) - (other.numbers[at] ?? 0);
    if (difference !== 0) return difference;
  }
  if (one.before === other.before) return 0;
  if (one.before === '') return 1;
  return other.before === '' ? -1 : compareBefore(one.before.split('.'), other.before.split('.'));
}

/** The order of semantic versioning: numbers before words, and by their value; fewer parts before more. */
function compareBefore(one: readonly string[], other: readonly string[]): number {
  for (let at = 0; at < Math.min(one.length, other.length); at++) {
    const [here = '', there = ''] = [one[at], other[at]];
    if (here === there) continue;
    const [isNumber, isOtherNumber] = [/^\d+$/.test(here), /^\d+$/.test(there)];
    if (isNumber && isOtherNumber) return Number(here) - Number(there);
    if (isNumber !== isOtherNumber) return isNumber ? -1 : 1;
    return here < there ? -1 : 1;
  }
  return one.length - other.length;
}

/** A tag or other ref that names a version: `v1.2.3`, `web-v1.2.3`, `modules/web/1.2.3`. */
export interface VersionRef {
  /** What stands before the numbers. Only versions of one family can be compared. */
  readonly family: string;
  readonly version: Version;
}

const WITH_V = /^((?:.*[^\dA-Za-z.])?v)(\d+(?:\.\d+){1,3}(?:[-+].*)?)$/;
const WITHOUT_V = /^((?:.*?[^\dA-Za-z.])??)(\d+(?:\.\d+){1,3}(?:[-+].*)?)$/;

/** Reads the version in a ref. `v1` is none: such tags are moved to the newest of their versions. */
export function readVersionRef(ref: string): VersionRef | undefined {
  const [, family = '', text = ''] = WITH_V.exec(ref) ?? WITHOUT_V.exec(ref) ?? [];
  const version = readVersion(text);
  return version && { family, version };
}
