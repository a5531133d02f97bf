import * as z from 'zod';
import { NotFoundError, orThrow, Refused } from '../errors.ts';
import { type Actor, actorOf } from '../model/audit.ts';
import { type Deployment, DeploymentSchema, type Requester } from '../model/deployment.ts';
import { endUnsuccessfully } from '../model/deployment-transitions.ts';
import { withoutQueued, withUnannounced } from '../model/environment-state.ts';
import { close, type GateStatus } from '../model/gate.ts';
import { GATES } from '../policy.ts';
import type { Surroundings, Transaction } from '../ports.ts';
import { carryOut, type EffectServices, type Effects, EffectsSchema, NO_EFFECTS } from '../transaction/effects.ts';
import { transactOwn } from '../transaction/own-transaction.ts';
import { recordAudit } from '../transaction/record-audit.ts';
import { recordEvent } from '../transaction/record-event.ts';

const CanceledSchema = z.object({ deployment: DeploymentSchema, effects: EffectsSchema });

type Services = EffectServices & { readonly surroundings: Surroundings };

/**
 * Cancels a deployment if that does not stop Terraform half way: a queued deployment ends at once, a waiting one when
 * its gate closes, a planning one as soon as its build is over or the next attempt to start one is due. Throws
 * NotFoundError, RefusedError.
 */
export async function cancelDeployment(services: Services, id: string, by: Requester): Promise<Deployment> {
  const { deployment, effects } = await transactOwn(services.store, CanceledSchema, async (transaction) => {
    const found = await transaction.get('deployment', { id });
    if (!found) throw new NotFoundError('deployment', id);
    return orThrow(await markCanceled(transaction, found, by, services.surroundings));
  });
  await carryOut(services, effects);
  return deployment;
}

/** Cancels a deployment within a transaction. A refusal (`not-cancelable`) writes nothing. */
export async function markCanceled(
  transaction: Transaction,
  deployment: Deployment,
  by: Requester,
  surroundings: Surroundings,
  actor: Actor = actorOf(by),
): Promise<{ deployment: Deployment; effects: Effects } | Refused> {
  const { id } = deployment;
  if (deployment.cancelRequestedBy) return { deployment, effects: await resumeCanceled(transaction, id) };
  const now = surroundings.now();
  switch (deployment.status) {
    case 'queued': {
      const { application, environment } = deployment;
      const state = await transaction.get('environmentState', { application, environment });
      if (state) transaction.put('environmentState', withUnannounced(withoutQueued(state, id), [id]));
      const canceled = endUnsuccessfully(deployment, 'canceled', canceledBy(by), now);
      transaction.put('deployment', canceled);
      recordEvent(transaction, surroundings, id, 'canceled', by.principal);
      await auditCancellation(transaction, surroundings, deployment, actor);
      return { deployment: canceled, effects: { ...NO_EFFECTS, announce: [id] } };
    }
    case 'planning':
    case 'awaiting_approval': {
      const gates = await Promise.all(GATES.map((gate) => transaction.get('gate', { deploymentId: id, gate })));
      const ended = gates.find((gate) => gate && !GOES_ON.has(gate.status));
      if (ended)
        return new Refused('not-cancelable', `deployment "${id}" is ending: its ${ended.gate} gate is ${ended.status}`);
      for (const gate of gates) if (gate?.status === 'open') transaction.put('gate', close(gate, 'canceled', now));
      const marked = { ...deployment, cancelRequestedBy: by };
      transaction.put('deployment', marked);
      recordEvent(transaction, surroundings, id, 'cancel-requested', by.principal);
      await auditCancellation(transaction, surroundings, deployment, actor);
      return { deployment: marked, effects: await resumeCanceled(transaction, id) };
    }
    default:
      return new Refused('not-cancelable', `deployment "${id}" is ${deployment.status} and cannot be canceled`);
  }
}

/** Gate statuses of a deployment that is not ending. `void`: the plan was made again, and people are asked again. */
const GOES_ON: ReadonlySet<GateStatus> = new Set(['open', 'approved', 'void']);

const auditCancellation = (
  transaction: Transaction,
  surroundings: Surroundings,
  { id: deploymentId, application, environment, status }: Deployment,
  actor: Actor,
): Promise<void> =>
  recordAudit(transaction, surroundings, {
    application,
    environment,
    deploymentId,
    type: 'cancel-requested',
    ...actor,
    details: { status },
  });

/** Returns the tasks to resume. A repeated request resumes them again, which repairs a crash after the first one. */
async function resumeCanceled(transaction: Transaction, id: string): Promise<Effects> {
  const resume = [];
  for (const name of GATES) {
    const gate = await transaction.get('gate', { deploymentId: id, gate: name });
    if (gate?.status === 'canceled') resume.push({ deploymentId: id, gate: name });
  }
  return { ...NO_EFFECTS, resume };
}

export const canceledBy = (by: Requester) => ({
  reason: 'canceled',
  message: `canceled by ${by.approver ?? by.principal}`,
});
