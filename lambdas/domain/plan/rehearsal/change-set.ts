import { segmentsOf, withoutIndex } from '../address.ts';
import type { Analysis } from '../analysis.ts';
import type { ChangeSet, RehearsalAction } from './rehearsal-schema.ts';

/** Most bytes that a set of changes may take in the table. */
const MOST_BYTES = 100_000;

/** Returns what the apply of a plan will do, or undefined if that is too much to be kept. */
export function changeSetOf({ resources }: Pick<Analysis, 'resources'>): ChangeSet | undefined {
  const changes = changesOf({ resources });
  return [setOf(changes, true), setOf(changes, false)].find(
    (set) => Buffer.byteLength(JSON.stringify(set)) <= MOST_BYTES,
  );
}

export interface Change {
  readonly address: string;
  readonly previousAddress: string | undefined;
  readonly action: RehearsalAction;
}

/** Returns the changes that are rehearsed. Moves, imports and reads change records only, and are left out. */
export const changesOf = ({ resources }: Pick<Analysis, 'resources'>): Change[] =>
  resources.flatMap((resource) => {
    const action = actionOf(resource);
    return action === undefined
      ? []
      : [{ address: resource.address, previousAddress: resource.previousAddress, action }];
  });

function actionOf({ kind, actions, deposed }: Analysis['resources'][number]): RehearsalAction | undefined {
  if (kind === 'no-op' || kind === 'read') return undefined;
  if (kind === 'delete' && deposed !== undefined) return 'delete-deposed';
  return kind === 'replace' && actions.includes('forget') ? 'replace-and-forget' : kind;
}

function setOf(changes: readonly Change[], hasIndexes: boolean): ChangeSet {
  const addresses = new Map<RehearsalAction, Set<string>>();
  for (const { action, address } of changes) {
    const kept = addresses.get(action) ?? new Set();
    addresses.set(action, kept.add(hasIndexes ? address : withoutIndexes(address)));
  }
  return { hasIndexes, actions: [...addresses].map(([action, kept]) => ({ action, addresses: [...kept] })) };
}

/** Removes all indexes: `module.a[0].aws_x.b["c"]` becomes `module.a.aws_x.b`. */
export const withoutIndexes = (address: string): string => segmentsOf(address).map(withoutIndex).join('.');
