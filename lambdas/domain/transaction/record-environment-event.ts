import type { EnvironmentEvent } from '../model/environment-event.ts';
import type { Surroundings, Transaction } from '../ports.ts';

/** Records an event of an environment, in the same transaction as the change that it reports. */
export function recordEnvironmentEvent(
  transaction: Transaction,
  surroundings: Surroundings,
  { reason, ...event }: Omit<EnvironmentEvent, 'at' | 'nonce'>,
): void {
  const at = { at: surroundings.now(), nonce: surroundings.randomHex(8) };
  transaction.insert('environmentEvent', { ...event, ...at, ...(reason && { reason }) });
}
