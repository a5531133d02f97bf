import { NotFoundError } from '../errors.ts';
import type { Approver } from '../model/approver.ts';
import { actorOf } from '../model/audit.ts';
import { LISTINGS } from '../model/table/listings.ts';
import type { ApproverMail, Store, Surroundings, Transaction } from '../ports.ts';
import { listAll } from '../transaction/list-all.ts';
import { recordAudit } from '../transaction/record-audit.ts';
import { requireDispensable } from './require-dispensable.ts';

interface Services {
  readonly store: Store;
  readonly mail: ApproverMail;
  readonly surroundings: Surroundings;
}

/** Removes an approver, but keeps their decisions. Throws NotFoundError, RefusedError `last-approver`. */
export async function removeApprover(
  services: Services,
  application: string,
  email: string,
  by: string,
): Promise<void> {
  const approver = await services.store.get('approver', { application, email });
  if (!approver) throw new NotFoundError('approver', `${application}/${email}`);
  const stillEnough = await requireDispensable(services, approver);
  await forgetApprover(services, approver, by, async (transaction) => {
    await stillEnough(transaction);
    return true;
  });
}

/**
 * Deletes the record, and also the e-mail subscription if no other application uses the same address. Does nothing if
 * `isDue`, which runs in the same transaction, returns false.
 */
export async function forgetApprover(
  { store, mail, surroundings }: Services,
  { application, email }: Approver,
  by: string,
  isDue: (transaction: Transaction) => Promise<boolean> = async () => true,
): Promise<void> {
  const isForgotten = await store.transact(async (transaction) => {
    if (!(await isDue(transaction))) return false;
    const approver = await transaction.get('approver', { application, email });
    if (!approver) return true;
    transaction.delete('approver', { application, email });
    await recordAudit(transaction, surroundings, {
      application,
      type: 'approver-removed',
      ...actorOf({ principal: by }),
      details: { email, gates: approver.gates },
    });
    return true;
  });
  if (!isForgotten) return;
  const elsewhere = await listAll(store, LISTINGS.approverEverywhere(email));
  if (elsewhere.some((other) => other.application !== application)) return;
  const arn = (await mail.subscriptions()).get(email)?.arn;
  if (arn) await mail.unsubscribe(arn);
}
