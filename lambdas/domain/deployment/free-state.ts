import type { Transaction } from '../ports.ts';

/**
 * Rule 6: the addresses of an environment are free again when it is gone and nothing is left in its Terraform state.
 * Answers how many there were.
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
