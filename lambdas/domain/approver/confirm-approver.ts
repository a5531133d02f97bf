import { NotFoundError } from '../errors.ts';
import { sameJson } from '../json-value.ts';
import { type Approver, ApproverSchema } from '../model/approver.ts';
import { actorOf } from '../model/audit.ts';
import { LISTINGS } from '../model/table/listings.ts';
import type { ApproverMail, Confirmation, Store, Surroundings, Transaction } from '../ports.ts';
import { listAll } from '../transaction/list-all.ts';
import { transactOwn } from '../transaction/own-transaction.ts';
import { recordAudit } from '../transaction/record-audit.ts';

/**
 * Confirms an approver's subscription with the link that AWS mailed to them, so that nobody who gets hold of a mail can
 * end the subscription. One subscription serves all applications of the person.
 * Throws NotFoundError, InvalidInputError, RefusedError.
 */
export async function confirmApprover(
  { store, mail, surroundings }: { store: Store; mail: ApproverMail; surroundings: Surroundings },
  application: string,
  email: string,
  link: string,
  by: string,
): Promise<Approver> {
  if (!(await store.get('approver', { application, email })))
    throw new NotFoundError('approver', `${application}/${email}`);
  const confirmation = await mail.confirm(email, link);
  const everywhere = await listAll(store, LISTINGS.approverEverywhere(email));
  const elsewhere = everywhere.map((other) => other.application).filter((name) => name !== application);
  const confirmed = await transactOwn(store, ApproverSchema.optional(), (transaction) =>
    confirm(transaction, { application, email }, confirmation, by, surroundings),
  );
  for (const name of elsewhere)
    await store.transact((transaction) =>
      confirm(transaction, { application: name, email }, confirmation, by, surroundings),
    );
  if (!confirmed) throw new NotFoundError('approver', `${application}/${email}`);
  return confirmed;
}

async function confirm(
  transaction: Transaction,
  key: { readonly application: string; readonly email: string },
  { arn: subscriptionArn, unsubscribeProtected }: Confirmation,
  by: string,
  surroundings: Surroundings,
): Promise<Approver | undefined> {
  const approver = await transaction.get('approver', key);
  if (!approver) return undefined;
  const confirmed: Approver = { ...approver, subscription: 'confirmed', subscriptionArn, unsubscribeProtected };
  if (sameJson(confirmed, approver)) return approver;
  transaction.put('approver', confirmed);
  await recordAudit(transaction, surroundings, {
    application: key.application,
    type: 'approver-confirmed',
    ...actorOf({ principal: by }),
    details: { email: key.email, unsubscribeProtected },
  });
  return confirmed;
}
