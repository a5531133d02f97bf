import * as z from 'zod';
import { NotFoundError } from '../errors.ts';
import { type GateName, GateNameSchema } from '../policy.ts';
import type { EventBus, Store, Workflow } from '../ports.ts';
import { eventOf } from './announcement.ts';

/**
 * Effects outside of the table that must follow once a transaction is committed. Each effect is safe to repeat, and the
 * reconciler carries it out if a crash prevented it.
 */
export const EffectsSchema = z
  .object({
    /** Deployments that hold their environment now, and whose executions are to be started. */
    start: z.array(z.string()).readonly(),
    /** Gates that are closed now, and whose waiting tasks are to be resumed. */
    resume: z.array(z.object({ deploymentId: z.string(), gate: GateNameSchema }).readonly()).readonly(),
    /** Deployments that ended without an execution of their own, and whose endings are to be announced on the bus. */
    announce: z.array(z.string()).readonly(),
  })
  .readonly();
export type Effects = z.infer<typeof EffectsSchema>;

export const NO_EFFECTS: Effects = { start: [], resume: [], announce: [] };

export const merged = (one: Effects, other: Effects): Effects => ({
  start: [...one.start, ...other.start],
  resume: [...one.resume, ...other.resume],
  announce: [...one.announce, ...other.announce],
});

export interface EffectServices {
  readonly store: Store;
  readonly workflow: Workflow;
  readonly events: EventBus;
}

export async function carryOut({ store, workflow, events }: EffectServices, effects: Effects): Promise<void> {
  for (const { deploymentId, gate } of effects.resume) await resumeGate({ store, workflow }, deploymentId, gate);
  for (const id of effects.start) await workflow.start(id);
  for (const id of effects.announce) await announceQueued({ store, events }, id);
}

/** Announces on the bus a deployment that ended in the queue, and then records that it was announced. */
export async function announceQueued(
  { store, events }: Pick<EffectServices, 'store' | 'events'>,
  id: string,
): Promise<void> {
  const deployment = await store.get('deployment', { id });
  if (!deployment) throw new NotFoundError('deployment', id);
  const event = eventOf(deployment);
  if (event) await events.publish(event.name, event.detail);
  const { application, environment } = deployment;
  await store.transact(async (transaction) => {
    const state = await transaction.get('environmentState', { application, environment });
    if (!state?.unannounced.includes(id)) return;
    const unannounced = state.unannounced.filter((other) => other !== id);
    transaction.put('environmentState', { ...state, unannounced });
  });
}

/** Resumes the task that waits at a gate, if one does. A task that starts to wait later checks the gate itself. */
export async function resumeGate(
  { store, workflow }: Pick<EffectServices, 'store' | 'workflow'>,
  deploymentId: string,
  gate: GateName,
): Promise<void> {
  const waiting = await store.get('taskToken', { deploymentId, gate });
  for (const token of waiting ? [waiting.token, ...(waiting.earlier ?? [])] : []) await workflow.resume(token);
}
