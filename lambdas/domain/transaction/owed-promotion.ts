import type { Transaction } from '../ports.ts';

interface Place {
  readonly application: string;
  readonly environment: string;
}

/**
 * Notes that the environment may owe a promotion, in the transaction that is the reason: a success, or settings that
 * promote what succeeded before. The promotion removes the note, and the reconciler looks at every note that stays.
 */
export async function notePromotion(
  transaction: Transaction,
  { application, environment }: Place,
  since: string,
): Promise<void> {
  await transaction.get('owedPromotion', { application, environment });
  transaction.put('owedPromotion', { application, environment, since });
}

export async function forgetPromotion(transaction: Transaction, where: Place): Promise<void> {
  if (await transaction.get('owedPromotion', where)) transaction.delete('owedPromotion', where);
}
