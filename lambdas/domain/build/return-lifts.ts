import type { DeploymentIn } from '../model/deployment.ts';
import { returnLift } from '../model/lifts/lift.ts';
import type { Subject } from '../model/proof/subject.ts';
import type { Transaction } from '../ports.ts';

/** The lifts that were returned, by what they lift. */
interface ReturnedLifts {
  readonly protection: string[];
  readonly proof: Subject[];
}

/** Makes the lifts usable again that a plan had used up, because nothing of the plan was applied. */
export async function returnLifts(
  transaction: Transaction,
  { id, application, environment, planned }: DeploymentIn<'applying'>,
): Promise<ReturnedLifts> {
  const where = { application, environment };
  const protection: string[] = [];
  for (const address of planned.lifts) {
    const given = await transaction.get('protectionLifts', { ...where, address });
    const lifts = returnLift(given?.lifts, id);
    if (!given || !lifts) continue;
    transaction.put('protectionLifts', { ...given, lifts });
    protection.push(address);
  }
  const proof: Subject[] = [];
  for (const subject of planned.proof?.lifts ?? []) {
    const given = await transaction.get('proofLifts', { ...where, subject });
    const lifts = returnLift(given?.lifts, id);
    if (!given || !lifts) continue;
    transaction.put('proofLifts', { ...given, lifts });
    proof.push(subject);
  }
  return { protection, proof };
}
