import type { Surroundings, Transaction } from '../ports.ts';

/** The name keeps the external id it once got: its roles need not be prepared anew for each that bears it. */
export async function externalIdOf(
  transaction: Transaction,
  where: { readonly application: string; readonly environment: string },
  surroundings: Surroundings,
): Promise<string> {
  const kept = await transaction.get('externalId', where);
  if (kept) return kept.externalId;
  const externalId = surroundings.randomHex(32);
  transaction.put('externalId', { ...where, externalId });
  return externalId;
}
