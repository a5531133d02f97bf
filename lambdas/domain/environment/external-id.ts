import type { Surroundings, Transaction } from '../ports.ts';

/** Returns the external id of a name. The name keeps it, so that roles need not be prepared again for each use. */
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
