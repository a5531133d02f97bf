import type { EnvironmentEvent } from '../model/environment-event.ts';
import type { Surroundings, Transaction } from '../ports.ts';

/** Adds a line, in the transaction that makes it true. */
export function recordEnvironmentEvent(
  transaction: Transaction,
  surroundings: Surroundings,
  { reason, ...event }: Omit<EnvironmentEvent, 'at' | 'nonce'>,
): void {
  const at = { at: surroundings.now(), nonce: surroundings.randomHex(8) };
  transaction.insert('environmentEvent', { ...event, ...at, ...(reason && { reason }) });
}
