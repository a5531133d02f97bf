import * as z from 'zod';
import { Refused } from '../errors.ts';
import { actorOf } from '../model/audit.ts';
import {
  type Adopt,
  contentOf,
  type Deployment,
  type DeploymentIn,
  DeploymentSchema,
  describeContent,
  orderOf,
  type Requester,
} from '../model/deployment.ts';
import { endUnsuccessfully } from '../model/deployment-transitions.ts';
import type { Environment } from '../model/environment.ts';
import { admit, type EnvironmentState, withUnannounced } from '../model/environment-state.ts';
import { close } from '../model/gate.ts';
import { deploymentId } from '../names.ts';
import type { Operation } from '../operation.ts';
import { GATES, type Stage } from '../policy.ts';
import type { Surroundings, Transaction } from '../ports.ts';
import { type Effects, EffectsSchema, NO_EFFECTS } from '../transaction/effects.ts';
import { recordAudit } from '../transaction/record-audit.ts';
import { recordEvent } from '../transaction/record-event.ts';

export const PlacementSchema = z.object({
  deployment: DeploymentSchema,
  /** False if a deployment of the same release and operation was already open in the environment. */
  isNew: z.boolean(),
  effects: EffectsSchema,
});
export type Placement = Readonly<z.infer<typeof PlacementSchema>>;

export interface Creation {
  readonly environment: Environment;
  readonly operation: Operation;
  readonly requestedBy: Requester;
  /** True if nobody asked for this very deployment: a push, a promotion rule or the end of an ephemeral environment made it. */
  readonly automatic: boolean;
  readonly content: Pick<Deployment, 'release' | 'commit'>;
  readonly state: EnvironmentState;
  readonly adopt?: Adopt | undefined;
}

/**
 * Creates a deployment that the rules allow, and gives it the environment or a place in its queue (rule 4). Refuses a
 * person's request while a newer release waits, and then writes nothing.
 */
export async function createDeployment(
  transaction: Transaction,
  { environment: target, operation, requestedBy, automatic, content, state, adopt }: Creation,
  surroundings: Surroundings,
): Promise<Placement | Refused> {
  const now = surroundings.now();
  const { application, name: environment } = target;
  const number = state.newestDeployment + 1;
  const id = deploymentId(application, environment, number, surroundings.randomHex(6));
  const facts = {
    id,
    application,
    environment,
    number,
    ...content,
    operation,
    ...(adopt && { adopt }),
    automatic,
    requestedBy,
    createdAt: now,
    runSecret: surroundings.randomHex(32),
    round: 1,
  };
  const queued: DeploymentIn<'queued'> = { ...facts, status: 'queued' };
  const entry = { deploymentId: id, release: orderOf(facts), operation };
  const admission = admit({ ...state, newestDeployment: number }, entry, now);

  if (admission.verdict === 'superseded' && !automatic)
    return new Refused(
      'newer-release-queued',
      `a newer release than ${content.release} already waits for ${environment}`,
    );
  const ended = admission.verdict === 'superseded' ? [id] : admission.supersedes;
  transaction.put('environmentState', {
    ...withUnannounced(admission.state, ended),
    ...(adopt && { beginsEmpty: true }),
  });
  recordEvent(transaction, surroundings, id, 'requested', requestedBy.principal);
  // Recorded because the requester affects who may approve (rule 10). An automatic deployment has no requester; the
  // request to end an ephemeral environment is in the audit as `ephemeral-ended`.
  if (!automatic)
    await recordAudit(transaction, surroundings, {
      application,
      environment,
      deploymentId: id,
      type: 'requested',
      ...actorOf(requestedBy),
      details: { ...contentOf(content), operation, ...(adopt && { adopt }) },
    });

  if (admission.verdict === 'superseded') {
    const deployment = endUnsuccessfully(queued, 'superseded', supersededBy('a newer release already waits'), now);
    transaction.insert('deployment', deployment);
    return { deployment, isNew: true, effects: { ...NO_EFFECTS, announce: [id] } };
  }
  const deployment: Deployment =
    admission.verdict === 'holds' ? { ...facts, status: 'planning', heldSince: now } : queued;
  transaction.insert('deployment', deployment);
  await supersedeQueued(transaction, admission.supersedes, deployment, surroundings);
  const resume = await supersedeWaitingHolder(transaction, admission.state, target.stage, deployment, surroundings);
  return {
    deployment,
    isNew: true,
    effects: {
      start: admission.verdict === 'holds' ? [id] : [],
      resume,
      announce: admission.supersedes,
    },
  };
}

const supersededBy = (message: string) => ({ reason: 'superseded', message });

async function supersedeQueued(
  transaction: Transaction,
  ids: readonly string[],
  newer: Deployment,
  surroundings: Surroundings,
): Promise<void> {
  for (const id of ids) {
    const older = await findExisting(transaction, id);
    const error = supersededBy(`${describeContent(newer)} (${newer.id}) took its place`);
    transaction.put('deployment', endUnsuccessfully(older, 'superseded', error, surroundings.now()));
    recordEvent(transaction, surroundings, id, 'superseded', newer.id);
  }
}

/**
 * Closes the gate of a holder that a newer release replaces (rule 4): in development and staging, a holder that awaits
 * approval with no decision recorded. The holder's own execution then ends it. Returns the tasks to resume.
 */
async function supersedeWaitingHolder(
  transaction: Transaction,
  state: EnvironmentState,
  stage: Stage,
  newer: Deployment,
  surroundings: Surroundings,
): Promise<Effects['resume']> {
  const { holder } = state;
  const isReplaceable =
    stage !== 'production' &&
    newer.operation === 'deploy' &&
    holder?.operation === 'deploy' &&
    holder.deploymentId !== newer.id &&
    holder.release < orderOf(newer);
  if (!holder || !isReplaceable) return [];
  const gates = await Promise.all(
    GATES.map((gate) => transaction.get('gate', { deploymentId: holder.deploymentId, gate })),
  );
  const open = gates.find((gate) => gate?.status === 'open');
  if (!open || gates.some((gate) => gate && gate.decisions.length + gate.voided.length > 0)) return [];
  transaction.put('gate', close(open, 'superseded', surroundings.now()));
  recordEvent(transaction, surroundings, holder.deploymentId, 'superseded', newer.id);
  return [{ deploymentId: holder.deploymentId, gate: open.gate }];
}

/** Reads a deployment that an environment's state names, and that must therefore exist. */
export async function findExisting(transaction: Transaction, id: string): Promise<Deployment> {
  const deployment = await transaction.get('deployment', { id });
  if (!deployment) throw new Error(`environment state names deployment "${id}", which does not exist`);
  return deployment;
}
