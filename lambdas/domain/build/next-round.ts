import { NotHolderError, PlanStaleError } from '../errors.ts';
import type { DeploymentIn, Planned, Staleness } from '../model/deployment.ts';
import { planAgain } from '../model/deployment-transitions.ts';
import type { Store, Surroundings } from '../ports.ts';
import { loadDeployment } from '../transaction/load-held.ts';
import { recordEvent } from '../transaction/record-event.ts';
import { returnLifts } from './return-lifts.ts';

/**
 * Most plans of one deployment. When the state changes faster than this many plans can be approved, people have to look
 * at it.
 */
export const MOST_ROUNDS = 3;

interface Services {
  readonly store: Store;
  readonly surroundings: Surroundings;
}

/**
 * Begins the next round of a deployment whose plan has gone stale: the plan is made again. Lifts that the plan had used
 * up before Terraform refused it can be used again, because nothing was applied. Throws NotHolderError, PlanStaleError.
 */
export async function beginNextRound({ store, surroundings }: Services, id: string, because: Staleness): Promise<void> {
  await store.transact(async (transaction) => {
    const statuses = ['planning', 'awaiting_approval', 'applying'] as const;
    const deployment = await loadDeployment(transaction, id, 'planning again', statuses);
    const planned = planOfRound(deployment, 'planning again');
    if (deployment.round >= MOST_ROUNDS)
      throw new PlanStaleError(
        `the plan was made ${deployment.round} times and has gone stale each time, the last time because ${IN_WORDS[because]}`,
      );
    if (deployment.status === 'applying') await returnLifts(transaction, deployment);
    transaction.put('deployment', planAgain(deployment, planned, because));
    recordEvent(transaction, surroundings, id, 'plan-stale', undefined, {
      because,
      digest: planned.digest,
      round: deployment.round,
    });
  });
}

/** Returns the plan of the present round. Throws NotHolderError if there is none yet, because the round has just begun. */
export function planOfRound(
  { id, round, status, planned }: DeploymentIn<'planning' | 'awaiting_approval' | 'applying'>,
  doing: string,
): Planned {
  if (!planned || (status === 'planning' && planned.round !== round))
    throw new NotHolderError(`${doing} "${id}": round ${round} has no plan yet`);
  return planned;
}

/** Reasons why a plan was made again, worded to follow "because". */
export const IN_WORDS: Readonly<Record<Staleness, string>> = {
  'state-changed': "the environment's Terraform state was changed after the plan was made",
  'plan-too-old': 'it was older than the policy of its stage allows',
  'refused-as-stale': 'Terraform found that the state had changed and refused to apply it',
};
