import { type AuditFacts, appendTo, emptyChain } from '../model/audit.ts';
import type { Surroundings, Transaction } from '../ports.ts';

/**
 * Appends an entry to the application's audit, in the same transaction as the change that it reports. The head of the
 * chain is one record, so writers of one application take turns: the loser of a race tries again with the new head.
 */
export async function recordAudit(
  transaction: Transaction,
  surroundings: Pick<Surroundings, 'now'>,
  facts: AuditFacts,
): Promise<void> {
  const { application } = facts;
  const head = (await transaction.get('auditHead', { application })) ?? emptyChain(application);
  const entry = appendTo(head, facts, surroundings.now());
  transaction.insert('auditEntry', entry);
  transaction.put('auditHead', { application, sequence: entry.sequence, hash: entry.hash });
}
