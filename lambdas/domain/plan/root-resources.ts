import { blockId } from './configured-resources.ts';
import type { Plan, StateResource } from './plan-schema.ts';

/**
 * Returns the resources and data sources outside of modules that stand in the environment once the plan is applied:
 * `aws_sqs_queue.jobs`, `data.aws_region.current`, each once, whatever its keys, and sorted. A resource without any
 * instance, for example with `count = 0`, does not stand there. Returns undefined for a plan that does not say.
 */
export function rootResourcesOf(plan: Plan): string[] | undefined {
  const { planned_values: planned, configuration, prior_state: prior } = plan;
  if (!planned || !configuration) return undefined;
  const configured = new Set((configuration.root_module?.resources ?? []).map((block) => blockId('', block)));
  const standing = [
    ...(planned.root_module?.resources ?? []).filter(({ mode }) => mode === 'managed' || mode === 'data'),
    // Data sources that were read while the plan was made stand only in the state that the plan starts from.
    ...(prior?.values?.root_module?.resources ?? []).filter(isData),
  ].map((resource) => blockId('', resource));
  return [...new Set(standing)].filter((name) => configured.has(name)).sort();
}

const isData = ({ mode }: StateResource): boolean => mode === 'data';
