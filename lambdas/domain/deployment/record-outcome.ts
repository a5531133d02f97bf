import type { ResourcesLeft } from '../build/resources-left.ts';
import { ENDINGS } from '../endings.ts';
import { type Deployment, type DeploymentIn, isTerminal } from '../model/deployment.ts';
import {
  type EnvironmentState,
  withClaimedResources,
  withResources,
  withSuccess,
  withUnknownResources,
  withVerdict,
} from '../model/environment-state.ts';
import { outcomeAfter } from '../model/passed-through.ts';
import type { Transaction } from '../ports.ts';
import { isUnproven } from '../proof/judge-plan.ts';
import { enterInLedger } from '../proof/ledger.ts';
import { notePromotion } from '../transaction/owed-promotion.ts';

/**
 * Records the outcome of the release, which is the proof of rule 1: a success proves the release in this environment; a
 * failure, a rejection or a policy's block withdraws an earlier proof. A block for what the release brings, an expired
 * gate, a request to cancel or a newer release says nothing about the release. A success may have to be promoted.
 */
export async function recordOutcome(
  transaction: Transaction,
  ended: Deployment,
  left: Left | undefined,
  now: string,
): Promise<void> {
  const { application, environment, release, id, operation } = ended;
  const where = { application, environment };
  const judge = async (success: number) => {
    if (operation === 'destroy' || release === undefined || !isTerminal(ended.status)) return;
    const before = await transaction.get('outcome', { ...where, release });
    const ending = ended.status;
    const isVerdict = ENDINGS[ending].isVerdict && !isBlockedByProof(ended);
    const outcome = outcomeAfter(before, { ended, ending, isVerdict, release, success, at: now });
    if (outcome) transaction.put('outcome', outcome);
  };
  if (ended.status !== 'succeeded') {
    if (ended.status === 'failed') await keepFailure(transaction, ended);
    return judge(0);
  }
  const state = await transaction.get('environmentState', where);
  if (!state) throw new Error(`environment ${application}/${environment} has no state`);
  const after = withVerdict(withSuccess(state, ended, ended.planned.headline.modules), ended);
  await keepInLedger(transaction, after, ended);
  transaction.put('environmentState', left ? withLeft(after, left, id, now) : after);
  if (operation === 'destroy') {
    const outputs = await transaction.get('outputs', where);
    if (outputs) transaction.delete('outputs', where);
  }
  if (operation !== 'destroy' && release !== undefined) await notePromotion(transaction, where, now);
  await judge(after.successes);
}

async function keepFailure(transaction: Transaction, failed: DeploymentIn<'failed'>): Promise<void> {
  const { application, environment } = failed;
  const state = await transaction.get('environmentState', { application, environment });
  if (state) transaction.put('environmentState', withVerdict(state, failed));
}

/** Enters what a success contained in the environment's ledger. Plans from before there was one have no composition. */
async function keepInLedger(
  transaction: Transaction,
  state: EnvironmentState,
  { id, release, operation, planned }: DeploymentIn<'succeeded'>,
): Promise<void> {
  if (operation === 'destroy' || release === undefined) return;
  const composition = await transaction.get('composition', { deploymentId: id });
  if (composition?.round === planned.round) await enterInLedger(transaction, state, release, composition);
}

/**
 * Returns whether the deployment was blocked for what it brings. That is known before anything happens, and says
 * nothing about an earlier success of its release.
 */
const isBlockedByProof = (ended: Deployment): boolean => ended.status === 'blocked' && isUnproven(ended.error.reason);

/** The resources in the Terraform state after an apply: counted in the state itself, or claimed by a build. */
export type Left = ResourcesLeft | { readonly claimed: number };

function withLeft(state: EnvironmentState, left: Left, deploymentId: string, now: string): EnvironmentState {
  if ('claimed' in left) return withClaimedResources(state, left.claimed, deploymentId, now);
  return 'count' in left ? withResources(state, left.count, deploymentId, now) : withUnknownResources(state);
}
