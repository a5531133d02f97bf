import type { Transaction } from './ports.ts';

/** Rule 6: the addresses of an environment are free again when it is gone and nothing is left in its Terraform state. */
export async function freeState(
  transaction: Transaction,
  where: { readonly application: string; readonly environment: string },
): Promise<void> {
  const claimed = await transaction.get('stateAddress', where);
  if (!claimed) return;
  transaction.delete('stateAddress', where);
  for (const address of [claimed.address, ...claimed.former])
    if (await transaction.get('stateClaim', { address })) transaction.delete('stateClaim', { address });
}
