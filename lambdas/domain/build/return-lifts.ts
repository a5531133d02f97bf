import type { DeploymentIn } from '../model/deployment.ts';
import { returnLift } from '../model/lifts/lift.ts';
import type { Transaction } from '../ports.ts';

/** Makes the lifts usable again that a plan had used up, because nothing of the plan was applied. */
export async function returnLifts(
  transaction: Transaction,
  { id, application, environment, planned }: DeploymentIn<'applying'>,
  now: string,
): Promise<void> {
  const where = { application, environment };
  const target = await transaction.get('environment', { application, name: environment });
  if (!target) return;
  const use = { createdAt: target.createdAt, now };
  for (const address of planned.lifts) {
    const given = await transaction.get('protectionLifts', { ...where, address });
    if (given) transaction.put('protectionLifts', { ...given, lifts: returnLift(given.lifts, id, use) });
  }
  for (const subject of planned.proof?.lifts ?? []) {
    const given = await transaction.get('proofLifts', { ...where, subject });
    if (given) transaction.put('proofLifts', { ...given, lifts: returnLift(given.lifts, id, use) });
  }
}
