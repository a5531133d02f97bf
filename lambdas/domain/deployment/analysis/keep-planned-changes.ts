import type { Deployment } from '../../model/deployment.ts';
import type { Analysis } from '../../plan/analysis.ts';
import { changeSetOf } from '../../plan/rehearsal/change-set.ts';
import type { Transaction } from '../../ports.ts';

/** Keeps what the plan of a deployment to a regular environment would change, until it is known whether it is applied. */
export async function keepPlannedChanges(
  transaction: Transaction,
  { id: deploymentId, release, operation }: Deployment,
  analysis: Analysis,
): Promise<void> {
  // The destruction of resources that are gone already is applied without changes.
  if (release === undefined || (!analysis.hasChanges && operation !== 'destroy')) return;
  const changes = changeSetOf(analysis);
  await transaction.get('plannedChanges', { deploymentId });
  transaction.put('plannedChanges', { deploymentId, ...(changes && { changes }) });
}
