import { NotFoundError, RefusedError } from '../errors.ts';
import type { Approver } from '../model/approver.ts';
import { actorOf } from '../model/audit.ts';
import { approvalsOf, type Gate, isOwnRequest } from '../model/gate.ts';
import { LISTINGS } from '../model/table/listings.ts';
import { deployment } from '../model/table/partitions.ts';
import type { GateName } from '../policy.ts';
import type { ApproverMail, Store, Surroundings, Transaction } from '../ports.ts';
import { listAll, listReadable } from '../transaction/list-all.ts';
import { recordAudit } from '../transaction/record-audit.ts';

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
  await requireDispensable(services.store, approver);
  await forgetApprover(services, approver, by);
}

/** Throws RefusedError if an open gate could not pass without this person. */
export async function requireDispensable(store: Store, { application, email, gates }: Approver): Promise<void> {
  const others = (await listAll(store, LISTINGS.approvers(application))).filter((other) => other.email !== email);
  for (const name of gates)
    for (const gate of await openGates(store, name, application)) {
      const able = new Set([...approvalsOf(gate).map(({ by }) => by), ...(await ableToApprove(store, gate, others))]);
      if (able.size < gate.required)
        throw new RefusedError(
          'last-approver',
          `the open ${name} gate of "${gate.deploymentId}" needs ${gate.required} approver(s) and has no other than ${email}`,
        );
    }
}

/** Lists the open gates of one application. Throws UnreadableRecordError for a gate that may be one of them. */
async function openGates(store: Store, name: GateName, application: string): Promise<Gate[]> {
  const { items, unreadable } = await listReadable(store, LISTINGS.pendingGates(name));
  const ofApplication = unreadable.find(({ pk }) => pk.startsWith(deployment(`${application}-`)));
  if (ofApplication) throw ofApplication;
  return items.filter((gate) => gate.application === application);
}

/** Returns the approvers of the gate, except a requester of the deployment who cannot approve it (rule 10). */
async function ableToApprove(store: Store, gate: Gate, approvers: readonly Approver[]): Promise<string[]> {
  const [request, target] = await Promise.all([
    store.get('deployment', { id: gate.deploymentId }),
    store.get('environment', { application: gate.application, name: gate.environment }),
  ]);
  if (!request || !target) return [];
  return approvers
    .filter(({ gates }) => gates.includes(gate.gate))
    .filter((approver) => !isOwnRequest(gate.gate, target.stage, request, approver))
    .map(({ email }) => email);
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
