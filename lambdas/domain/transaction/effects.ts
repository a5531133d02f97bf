import { NotFoundError } from '../errors.ts';
import type { GateName } from '../policy.ts';
import type { EventBus, Store, Workflow } from '../ports.ts';
import { eventOf } from './announcement.ts';

/**
 * What has to happen outside once a transaction is committed. Each effect may be carried out again without harm, and
 * the reconciler does so where a crash prevented it.
 */
export interface Effects {
  /** Deployments that hold their environment now: start their executions. */
  readonly start: readonly string[];
  /** Gates that are closed: resume the tasks waiting at them. */
  readonly resume: readonly { readonly deploymentId: string; readonly gate: GateName }[];
  /** Deployments that ended without an execution of their own: tell the bus. */
  readonly announce: readonly string[];
}

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

/** Tells the bus of a deployment that ended in the queue, and then that it was told. */
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

/** Resumes the task waiting at a gate, if one waits yet; the task itself looks at the gate when it begins to wait. */
export async function resumeGate(
  { store, workflow }: Pick<EffectServices, 'store' | 'workflow'>,
  deploymentId: string,
  gate: GateName,
): Promise<void> {
  const waiting = await store.get('taskToken', { deploymentId, gate });
  for (const token of waiting ? [waiting.token, ...(waiting.earlier ?? [])] : []) await workflow.resume(token);
}
