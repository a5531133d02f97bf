import { approverOf } from '../model/approver.ts';
import type { Requester } from '../model/deployment.ts';
import { LISTINGS } from '../model/table/listings.ts';
import type { Store } from '../ports.ts';
import { listAll } from '../transaction/list-all.ts';

/** Returns a caller as it is recorded: with the registered approver that it maps to, if there is one (rule 10). */
export async function requesterOf(store: Store, application: string, principal: string): Promise<Requester> {
  const approver = approverOf(principal, await listAll(store, LISTINGS.approvers(application)));
  return { principal, ...(approver && { approver: approver.email }) };
}
