import * as z from 'zod';
import { dnsVariables } from '../dns/dns-subject.ts';
import { NotHolderError } from '../errors.ts';
import type { ArtifactStore, Store, Surroundings } from '../ports.ts';
import { BuildRequestSchema, inspectBuild, planBuild } from './build-request.ts';
import { issueTicket } from './issue-ticket.ts';

export const PreparedPlanSchema = z.object({
  plan: BuildRequestSchema,
  /** Of the build that reads the plan, where it has to be inspected. */
  inspect: BuildRequestSchema,
});
export type PreparedPlan = z.infer<typeof PreparedPlanSchema>;

/**
 * Right before a plan build is started: what it needs, with the ticket for this one build. A certificate may have been
 * waited for for days, and a plan that went stale is made again. Throws NotHolderError.
 */
export async function preparePlan(
  {
    store,
    artifacts,
    surroundings,
  }: { store: Store; artifacts: Pick<ArtifactStore, 'bucket'>; surroundings: Surroundings },
  id: string,
): Promise<PreparedPlan> {
  return store.transact(async (transaction) => {
    const deployment = await transaction.get('deployment', { id });
    if (!deployment) throw new NotHolderError(`planning "${id}": there is no such deployment`);
    const { application: name, environment: target } = deployment;
    const [state, dns, application, environment] = await Promise.all([
      transaction.get('environmentState', { application: name, environment: target }),
      transaction.get('environmentDns', { application: name, environment: target }),
      transaction.get('application', { name }),
      transaction.get('environment', { application: name, name: target }),
      transaction.get('buildTicket', { deploymentId: id, purpose: 'plan', round: deployment.round }),
    ]);
    if (state?.holder?.deploymentId !== id || deployment.status !== 'planning')
      throw new NotHolderError(
        `planning "${id}": it is ${deployment.status}, the holder is ${state?.holder?.deploymentId ?? 'nobody'}`,
      );
    if (!application || !environment) throw new NotHolderError(`planning "${id}": its environment was removed`);
    const subject = { application, environment, deployment, artifactBucket: artifacts.bucket };
    const ticket = await issueTicket(transaction, surroundings, 'plan', subject);
    const plan = planBuild(subject, ticket, dnsVariables(application, environment, dns));
    return { plan, inspect: inspectBuild(subject) };
  });
}
