import { blockId, blockIdOfAddress, type Module } from './configured-resources.ts';
import { stateResourcesOf } from './dependency-graph.ts';
import type { Plan } from './plan-schema.ts';
import { type Engine, engineOf, type PlanFlags } from './plan-summary.ts';

/** Returns whether the configuration may have any number of this resource or module, none included. */
const isCounted = (part: { readonly count_expression?: unknown; readonly for_each_expression?: unknown }): boolean =>
  part.count_expression !== undefined || part.for_each_expression !== undefined;

/**
 * Returns the resources that the configuration has exactly once and that do not exist, although the plan says that
 * nothing changes. No engine makes such a plan. Only plans of Terraform are checked, because OpenTofu can switch a
 * resource off in its `lifecycle`, which the plan does not show.
 */
export function contradictionsIn(
  plan: Plan,
  modules: readonly Module[],
  { hasChanges, errored, complete }: PlanFlags,
  engine: Engine | undefined,
): string[] {
  if (hasChanges || errored || !complete || engineOf(plan, engine) !== 'terraform') return [];
  const there = new Set(stateResourcesOf(plan).map(({ resource }) => blockIdOfAddress(resource.address)));
  const counted = modules.filter(({ call }) => call && isCounted(call)).map(({ address }) => `${address}.`);
  return modules
    .filter(({ address }) => !counted.some((prefix) => `${address}.`.startsWith(prefix)))
    .flatMap(({ address: module, content }) =>
      (content.resources ?? [])
        .filter((resource) => resource.mode === 'managed' && !isCounted(resource))
        .map((resource) => blockId(module, resource)),
    )
    .filter((id) => !there.has(id));
}
