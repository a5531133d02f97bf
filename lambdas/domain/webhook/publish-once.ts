import type { WebhookDelivery } from '../model/webhook-delivery.ts';
import type { EventBus, Store, Surroundings, Transaction } from '../ports.ts';
import type { Announcement } from './github-payload.ts';

/** Time after which a delivery that is still `taken` was left behind by a crash: requests are killed long before. */
const TAKEN_FOR_MS = 30_000;

interface Services {
  readonly store: Store;
  readonly events: EventBus;
  readonly surroundings: Surroundings;
}

/** Publishes a delivery once, however often it arrives. A delivery that could not be published may arrive again. */
export async function publishOnce(
  services: Services,
  { id, digest }: { readonly id: string; readonly digest: string },
  { name, detail }: Announcement,
): Promise<'published' | 'duplicate'> {
  const { store, events, surroundings } = services;
  const marks = [`id#${id}`, `body#${digest}`];
  const at = surroundings.now();
  const settle = (state: 'published' | 'failed'): Promise<void> =>
    store.transact(async (transaction) => {
      for (const mark of marks) {
        const known = await transaction.get('webhookDelivery', { mark });
        // Writes nothing if another request has taken the delivery over in the meantime.
        if (known?.state === 'taken' && known.at === at) transaction.put('webhookDelivery', { mark, state, at });
      }
    });
  if (!(await store.transact((transaction) => take(transaction, marks, at)))) return 'duplicate';
  try {
    await events.publish(name, detail);
  } catch (error) {
    await settle('failed');
    throw error;
  }
  await settle('published');
  return 'published';
}

async function take(transaction: Transaction, marks: readonly string[], now: string): Promise<boolean> {
  for (const mark of marks) {
    const known = await transaction.get('webhookDelivery', { mark });
    if (known && !isFree(known, now)) return false;
    transaction.put('webhookDelivery', { mark, state: 'taken', at: now });
  }
  return true;
}

const isFree = ({ state, at }: WebhookDelivery, now: string): boolean =>
  state === 'failed' || (state === 'taken' && Date.parse(now) - Date.parse(at) >= TAKEN_FOR_MS);
