import type { Transaction } from '../ports.ts';

/**
 * Frees the state addresses of an environment that is gone and has nothing left in its Terraform state (rule 6).
 * Returns the number of addresses.
 */
export async function freeState(
  transaction: Transaction,
  where: { readonly application: string; readonly environment: string },
): Promise<number> {
  const claimed = await transaction.get('stateAddress', where);
  if (!claimed) return 0;
  transaction.delete('stateAddress', where);
  const addresses = [claimed.address, ...claimed.former];
  for (const address of addresses)
    if (await transaction.get('stateClaim', { address })) transaction.delete('stateClaim', { address });
  return addresses.length;
}
