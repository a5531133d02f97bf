import type { WebhookDelivery } from '../model/webhook-delivery.ts';
import type { EventBus, Store, Surroundings, Transaction } from '../ports.ts';
import type { Announcement } from './github-payload.ts';

/** A request is killed long before: what is still taken then was left behind by a crash. */
const TAKEN_FOR_MS = 30_000;

interface Services {
  readonly store: Store;
  readonly events: EventBus;
  readonly surroundings: Surroundings;
}

/** Puts a delivery on the bus, once however often it comes; what could not be published may come again. */
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
        // Not if another request has taken it over meanwhile.
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
