import { moduleAddress } from '../address.ts';
import { blockId, blockIdOfAddress, type Module } from '../configured-resources.ts';
import { stateResourcesOf } from '../dependency-graph.ts';
import type { Plan, StateModule } from '../plan-schema.ts';

/**
 * Returns the calls of which something stands in the environment once the plan is applied: a resource or data source
 * of the module itself or of a module that it calls, which gets its arguments from it. A module that declares nothing
 * at any depth only computes values, and is in use wherever it is called. A call with `count = 0` is not in use.
 */
export function modulesInUse(plan: Plan, modules: readonly Module[]): ReadonlySet<string> {
  const standing = standingBlocks(plan);
  const inUse = new Set<string>();
  /** Whether anything of a module or below it stands; absent where nothing is declared. */
  const stands = new Map<string, boolean>();
  const note = (address: string, is: boolean) => stands.set(address, is || (stands.get(address) ?? false));
  // Every module stands before the modules that it calls.
  for (const { names, address, content } of [...modules].reverse()) {
    // Resources of other modes, such as `ephemeral`, never stand anywhere.
    const declared = (content.resources ?? []).filter(({ mode }) => mode === 'managed' || mode === 'data');
    if (declared.length > 0)
      note(
        address,
        declared.some((each) => standing.has(blockId(address, each))),
      );
    const found = stands.get(address);
    if (found ?? true) inUse.add(address);
    if (found !== undefined) note(moduleAddress(names.slice(0, -1)), found);
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
