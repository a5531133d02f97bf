import type { Composition } from '../model/proof/composition.ts';
import type { Reader } from '../ports.ts';
import { judgePlan, type PlanToJudge } from './judge-plan.ts';

/**
 * Returns what the success of a plan without changes shows. Nobody is asked about such a plan, and it is not blocked.
 * Where something unproven would be blocked, its success does not prove it either: otherwise a later plan could change
 * something with what has never run before. An environment that has not recorded yet what it runs records all of it.
 */
export async function composedWithoutChanges(reader: Reader, plan: PlanToJudge): Promise<Composition> {
  const verdict = await judgePlan(reader, { ...plan, told: [] });
  if (!verdict?.isRecorded || verdict.unproven.length === 0) return plan.composition;
  return { ...plan.composition, unproven: [...verdict.unproven] };
}
