import { approverOf } from './approver.ts';
import type { Requester } from './deployment.ts';
import { listAll } from './list-all.ts';
import { LISTINGS } from './listings.ts';
import type { Store } from './ports.ts';

/** A caller as recorded: with the registered approver behind it, if there is one (rule 10). */
export async function requesterOf(store: Store, application: string, principal: string): Promise<Requester> {
  const approver = approverOf(principal, await listAll(store, LISTINGS.approvers(application)));
  return { principal, ...(approver && { approver: approver.email }) };
}
