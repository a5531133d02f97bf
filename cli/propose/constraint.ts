import { compareVersions, readVersion, type Version } from './version-order.ts';

interface Bound {
  readonly operator: string;
  readonly version: Version;
}

const BOUND = /^(=|!=|>=|<=|>|<|~>)?\s*(\S+)$/;

function readBounds(text: string): readonly Bound[] | undefined {
  const bounds: Bound[] = [];
  for (const part of text.split(',')) {
    const [, operator = '=', written = ''] = BOUND.exec(part.trim()) ?? [];
    const version = readVersion(written);
    if (!version) return undefined;
    bounds.push({ operator, version });
  }
  return bounds;
}

/** The place of the version in a constraint that allows exactly one: `1.2.3`, `= 1.2.3`. */
export function exactVersion(
  text: string,
): { readonly version: Version; readonly start: number; readonly end: number } | undefined {
  const [, before = '', written = ''] = /^(\s*=?\s*)([^\s=,]+)\s*$/.exec(text) ?? [];
  const version = readVersion(written);
  return version && { version, start: before.length, end: before.length + written.length };
}

/**
 * How a version constraint of the engine relates to a version. `allows`: it accepts the version. `behind`: everything
 * that it accepts is older. `ahead`: everything that it accepts is newer. `unclear`: it leaves out this very version, or
 * is no constraint.
 */
export type Relation = 'allows' | 'behind' | 'ahead' | 'unclear';

export function relationTo(constraint: string, version: Version): Relation {
  const bounds = readBounds(constraint);
  if (!bounds) return 'unclear';
  // The engine chooses a version before a release only if the constraint names that very version.
  if (version.before !== '' && !bounds.every(({ operator }) => operator === '=')) return 'unclear';
  const relations = bounds.map((bound) => relationToBound(bound, version));
  if (relations.every((relation) => relation === 'allows')) return 'allows';
  if (relations.includes('unclear')) return 'unclear';
  const sides = new Set(relations.filter((relation) => relation !== 'allows'));
  const [side] = sides;
  return sides.size === 1 && side ? side : 'unclear';
}

function relationToBound({ operator, version: bound }: Bound, version: Version): Relation {
  const order = compareVersions(version, bound);
  if (operator === '=') return order === 0 ? 'allows' : order > 0 ? 'behind' : 'ahead';
  if (operator === '!=') return order === 0 ? 'unclear' : 'allows';
  if (operator === '>') return order > 0 ? 'allows' : 'ahead';
  if (operator === '>=') return order >= 0 ? 'allows' : 'ahead';
  if (operator === '<') return order < 0 ? 'allows' : 'behind';
  if (operator === '<=') return order <= 0 ? 'allows' : 'behind';
  if (order < 0) return 'ahead';
  // `~> 1.2.3` accepts any last number: 1.2.x. A single number has none before it, and accepts everything from there.
  const fixed = bound.numbers.slice(0, -1);
  return fixed.every((number, at) => number === (version.numbers[at] ?? 0)) ? 'allows' : 'behind';
}
