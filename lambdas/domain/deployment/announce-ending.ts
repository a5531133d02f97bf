import { NotFoundError } from '../errors.ts';
import type { Status } from '../model/deployment.ts';
import type { EventBus, Store } from '../ports.ts';
import { eventOf } from '../transaction/announcement.ts';

/** Announces on the bus how a deployment ended, and returns its status. Consumers tolerate a repeated event. */
export async function announceEnding(
  { store, events }: { store: Store; events: EventBus },
  id: string,
): Promise<Status> {
  const deployment = await store.get('deployment', { id });
  if (!deployment) throw new NotFoundError('deployment', id);
  const event = eventOf(deployment);
  if (event) await events.publish(event.name, event.detail);
  return deployment.status;
}
