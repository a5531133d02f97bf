import * as z from 'zod';
import { dnsVariables } from '../dns/dns-subject.ts';
import type { Deployment } from '../model/deployment.ts';
import { type KeptTree, treeFor } from '../model/kept/kept-trees.ts';
import type { ArtifactStore, Store, Surroundings, Transaction } from '../ports.ts';
import { findDns } from '../transaction/find.ts';
import { loadHeld } from '../transaction/load-held.ts';
import { planAnew } from './attempt.ts';
import { mayBeginEmpty } from './begin-empty.ts';
import { BuildRequestSchema, inspectBuild, planBuild, tokenOf } from './build-request.ts';
import { issueTicket } from './issue-ticket.ts';

export const PreparedPlanSchema = z.object({
  plan: BuildRequestSchema,
  /** Request for the build that reads the plan, used when the plan has to be inspected. */
  inspect: BuildRequestSchema,
});
export type PreparedPlan = z.infer<typeof PreparedPlanSchema>;

/** Returns the kept tree that a deployment runs from, if it does not bring anything new and its tree is kept. */
async function findTree(transaction: Transaction, deployment: Deployment): Promise<KeptTree | undefined> {
  if (deployment.operation === 'deploy') return undefined;
  return treeFor(await transaction.get('keptTrees', placeOf(deployment)), deployment);
}

/**
 * Returns what a plan build needs, with the ticket for this one build. It runs right before the build is started,
 * because the deployment may have waited for a certificate for days, and because a plan that went stale is made again.
 * `unstarted`: the token of the plan build of an attempt whose builds could not be started, or whose start is unknown;
 * the next attempt has a token, a ticket and a run of its own. Safe to repeat. Throws NotHolderError,
 * BuildNotStartedError.
 */
export async function preparePlan(
  {
    store,
    artifacts,
    surroundings,
  }: { store: Store; artifacts: Pick<ArtifactStore, 'bucket'>; surroundings: Surroundings },
  id: string,
  unstarted?: string,
): Promise<PreparedPlan> {
  return store.transact(async (transaction) => {
    const held = await loadHeld(transaction, id, 'planning', ['planning'], async (deployment) => {
      const ticket = { deploymentId: id, purpose: 'plan', round: deployment.round } as const;
      await Promise.all([
        findDns(transaction, deployment),
        transaction.get('buildTicket', ticket),
        transaction.get('stateAddress', placeOf(deployment)),
        findTree(transaction, deployment),
      ]);
    });
    const { application, environment } = held;
    const [dns, address, tree] = await Promise.all([
      findDns(transaction, held.deployment),
      transaction.get('stateAddress', placeOf(held.deployment)),
      findTree(transaction, held.deployment),
    ]);
    const isNewAttempt = unstarted === tokenOf(held.deployment, 'plan');
    const attempted = isNewAttempt ? planAnew(held.deployment, surroundings.randomHex(32)) : held.deployment;
    const { treeOf: _before, ...others } = attempted;
    const deployment = { ...others, ...(tree && { treeOf: tree.deploymentId }) };
    if (isNewAttempt || deployment.treeOf !== held.deployment.treeOf) transaction.put('deployment', deployment);
    const { installation } = surroundings;
    const subject = { installation, application, environment, deployment, artifactBucket: artifacts.bucket };
    const ticket = await issueTicket(transaction, surroundings, 'plan', subject, { isNewAttempt });
    const plan = planBuild(subject, ticket, {
      mayBeginEmpty: mayBeginEmpty(held, address),
      variables: dnsVariables(application, environment, dns),
      tree,
    });
    return { plan, inspect: inspectBuild(subject) };
  });
}

const placeOf = ({ application, environment }: Deployment) => ({ application, environment });
