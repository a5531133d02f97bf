import type { InspectionSuccess } from '../../lambdas/domain/contract/build-result.ts';
import { analyzeDeploymentPlan } from '../../lambdas/domain/deployment/analyze-deployment-plan.ts';
import { leaveInspection } from './plan-artifacts.ts';
import type { World } from './world.ts';

/** Runs AnalyzePlan like the workflow: when it asks for an inspection, an honest one is made and it runs again. */
export async function analyseAsWorkflow(world: World, id: string, found: Partial<InspectionSuccess> = {}) {
  const first = await analyzeDeploymentPlan(world, id, { isInspected: false });
  if (first.next !== 'inspect') return first;
  await leaveInspection(world.artifacts, await world.deployment(id), found);
  const second = await analyzeDeploymentPlan(world, id, { isInspected: true });
  if (second.next === 'inspect') throw new Error(`"${id}" is inspected, and is asked to be inspected again`);
  return second;
}
