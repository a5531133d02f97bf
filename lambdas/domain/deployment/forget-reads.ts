import { withoutReads } from '../model/concern/known-reads.ts';
import type { Transaction } from '../ports.ts';

/** Forgets what an environment read, with the environment. */
export async function forgetReads(
  transaction: Transaction,
  { application, environment }: { readonly application: string; readonly environment: string },
): Promise<void> {
  const known = await transaction.get('applicationReads', { application });
  if (known) transaction.put('applicationReads', withoutReads(known, environment));
}
