import type { EndingError } from '../endings.ts';
import type { Application } from '../model/application.ts';
import type { Deployment, Planned } from '../model/deployment.ts';
import type { Environment } from '../model/environment.ts';
import type { Reader, Transaction } from '../ports.ts';
import { judgePlan } from '../proof/judge-plan.ts';

interface PlannedContent {
  readonly application: Application;
  readonly environment: Environment;
  readonly deployment: Deployment;
  readonly planned: Planned;
  readonly now: string;
}

/**
 * Judges once more, right before the apply, whether what the plan brings has run in the environment before: a rollback
 * there may have withdrawn it since. Only those lifts count that the approvers were told of. A plan from before there
 * was a ledger has no composition and is not judged.
 */
export async function objectionToContent(
  transaction: Transaction,
  subject: PlannedContent,
): Promise<EndingError | undefined> {
  const { proof, hasChanges } = subject.planned;
  if (!proof || !hasChanges) return undefined;
  return (await judge(transaction, subject, proof))?.blocking;
}

/** Reads in parallel the records that `objectionToContent` would read one after the other. */
export async function readForContent(ahead: Reader, deployment: Deployment, planned: Planned): Promise<void> {
  const { application: name, environment: target } = deployment;
  const [application, environment] = await Promise.all([
    ahead.get('application', { name }),
    ahead.get('environment', { application: name, name: target }),
  ]);
  // The time does not matter: it decides about lifts, which are read in any case.
  if (application && environment && planned.proof)
    await judge(ahead, { application, environment, deployment, planned, now: deployment.createdAt }, planned.proof);
}

async function judge(
  reader: Reader,
  { application, environment, deployment, planned, now }: PlannedContent,
  { mode, lifts: told, at: toldAt }: NonNullable<Planned['proof']>,
) {
  const composition = await reader.get('composition', { deploymentId: deployment.id });
  if (composition?.round !== planned.round)
    throw new Error(`"${deployment.id}" has no composition of its plan ${planned.round}`);
  const { operation } = deployment;
  return judgePlan(reader, {
    application,
    environment,
    operation,
    composition,
    now,
    mode,
    told,
    toldAt,
  });
}
