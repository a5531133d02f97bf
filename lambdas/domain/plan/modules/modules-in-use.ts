import { blockId, blockIdOfAddress, type Module } from '../configured-resources.ts';
import { stateResourcesOf } from '../dependency-graph.ts';
import type { Plan, StateModule } from '../plan-schema.ts';

/**
 * Returns the calls of which something stands in the environment once the plan is applied: a resource or data source
 * of the module itself or, if the module declares none itself, of a module that it calls. A module that declares
 * nothing at any depth only computes values, and is in use wherever it is called. A call with `count = 0` is not in
 * use.
 */
export function modulesInUse(plan: Plan, modules: readonly Module[]): ReadonlySet<string> {
  const standing = standingBlocks(plan);
  const inUse = new Set<string>();
  /** What is declared below each module, and whether any of it stands. */
  const below = new Map<string, boolean>();
  // Every module stands before the modules that it calls.
  for (const { names, address, content } of [...modules].reverse()) {
    const declared = content.resources ?? [];
    const own =
      declared.length > 0 ? declared.some((each) => standing.has(blockId(address, each))) : below.get(address);
    if (own ?? true) inUse.add(address);
    if (own === undefined) continue;
    const parent = names.slice(0, -1).map((name) => `module.${name}`);
    below.set(parent.join('.'), own || (below.get(parent.join('.')) ?? false));
  }
  return inUse;
}

/**
 * Returns the resource blocks of which an instance exists after the apply. Data sources that were read for the plan are
 * listed only in the state before, and those that leave it are listed as deleted.
 */
function standingBlocks(plan: Plan): Set<string> {
  const root = plan.planned_values?.root_module;
  const pending: StateModule[] = root ? [root] : [];
  const addresses: string[] = [];
  for (const module of pending) {
    addresses.push(...(module.resources ?? []).map(({ address }) => address));
    pending.push(...(module.child_modules ?? []));
  }
  const deleted = new Set(
    (plan.resource_changes ?? [])
      .filter(({ change }) => change.actions.includes('delete') && !change.actions.includes('create'))
      .map(({ address }) => address),
  );
  for (const { resource } of stateResourcesOf(plan))
    if (resource.mode !== 'managed' && !deleted.has(resource.address)) addresses.push(resource.address);
  return new Set(addresses.map(blockIdOfAddress));
}
