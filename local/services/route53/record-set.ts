import { AwsError } from '../../door/wire.ts';

/** A record set as Route 53 stores it: names in lower case with the dot at their end. */
export interface RecordSet {
  readonly name: string;
  readonly type: string;
  readonly ttl?: number;
  readonly values?: readonly string[];
  readonly alias?: { readonly zoneId: string; readonly name: string; readonly evaluateTargetHealth: boolean };
}

export interface Change {
  readonly action: 'CREATE' | 'DELETE' | 'UPSERT';
  readonly set: RecordSet;
}

/** Returns a domain name in the form in which Route 53 stores it. */
export const fullName = (name: string): string => `${name.toLowerCase().replace(/\.$/, '')}.`;

/** Compares two record sets in the order of Route 53's lists: by the labels from right to left, then by type. */
export function compareSets(one: RecordSet, other: RecordSet): number {
  return compareNames(one.name, other.name) || (one.type < other.type ? -1 : one.type > other.type ? 1 : 0);
}

export function compareNames(one: string, other: string): number {
  const [first, second] = [one, other].map((name) => name.replace(/\.$/, '').split('.').reverse());
  for (let depth = 0; ; depth++) {
    const [a, b] = [first?.[depth], second?.[depth]];
    if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? -1 : 1;
    if (a !== b) return a < b ? -1 : 1;
  }
}

const describe = ({ name, type }: RecordSet): string => `resource record set [name='${name}', type='${type}']`;

/** Applies all changes of a batch in their order. Throws InvalidChangeBatch, with a problem for each wrong change. */
export function applyChanges(
  zoneName: string,
  records: readonly RecordSet[],
  changes: readonly Change[],
): readonly RecordSet[] {
  let after = records;
  const problems: string[] = [];
  for (const change of changes) {
    const problem = problemOf(zoneName, after, change);
    if (problem) problems.push(problem);
    else after = apply(after, change);
  }
  if (problems.length > 0) throw new AwsError('InvalidChangeBatch', `[${problems.join(', ')}]`);
  return after;
}

const isNamesake = (one: RecordSet) => (other: RecordSet) => other.name === one.name && other.type === one.type;

function apply(records: readonly RecordSet[], { action, set }: Change): readonly RecordSet[] {
  const others = records.filter((other) => !isNamesake(set)(other));
  return action === 'DELETE' ? others : [...others, set];
}

function problemOf(zoneName: string, records: readonly RecordSet[], { action, set }: Change): string | undefined {
  if (set.name !== zoneName && !set.name.endsWith(`.${zoneName}`))
    return `RRSet with DNS name ${set.name} is not permitted in zone ${zoneName}`;
  const current = records.find(isNamesake(set));
  if (action === 'DELETE') {
    if (!current) return `Tried to delete ${describe(set)} but it was not found`;
    return isSame(current, set)
      ? undefined
      : `Tried to delete ${describe(set)} but the values provided do not match the current values`;
  }
  if (action === 'CREATE' && current) return `Tried to create ${describe(set)} but it already exists`;
  if (set.type === 'CNAME' && set.name === zoneName)
    return `RRSet of type CNAME with DNS name ${set.name} is not permitted at apex in zone ${zoneName}`;
  const conflict = records.find(
    ({ name, type }) => name === set.name && type !== set.type && [type, set.type].includes('CNAME'),
  );
  return conflict
    ? `RRSet of type ${set.type} with DNS name ${set.name} is not permitted as it conflicts with other records with the same DNS name in zone ${zoneName}`
    : undefined;
}

const isSame = (one: RecordSet, other: RecordSet): boolean => fingerprint(one) === fingerprint(other);

const fingerprint = ({ ttl, values = [], alias }: RecordSet): string =>
  JSON.stringify([ttl ?? null, [...values].sort(), alias && [alias.zoneId, alias.name, alias.evaluateTargetHealth]]);
