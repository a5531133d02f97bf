import type { Approver } from './approver.ts';
import { NotFoundError, RefusedError } from './errors.ts';
import { approvalsOf } from './gate.ts';
import { listAll } from './list-all.ts';
import type { GateName } from './policy.ts';
import type { ApproverMail, Store } from './ports.ts';
import { LISTINGS } from './records.ts';

interface Services {
  readonly store: Store;
  readonly mail: ApproverMail;
}

/** Removes an approver; decisions already made stay. Throws NotFoundError, RefusedError `last-approver`. */
export async function removeApprover(services: Services, application: string, email: string): Promise<void> {
  const approver = await services.store.get('approver', { application, email });
  if (!approver) throw new NotFoundError('approver', `${application}/${email}`);
  await requireDispensable(services.store, approver);
  await forgetApprover(services, approver);
}

/** An open gate that could not pass without this person keeps them. */
export async function requireDispensable(store: Store, { application, email, gates }: Approver): Promise<void> {
  const others = (await listAll(store, LISTINGS.approvers(application))).filter((other) => other.email !== email);
  for (const name of gates)
    for (const gate of await listAll(store, LISTINGS.pendingGates(name))) {
      if (gate.application !== application) continue;
      const able = new Set([...approvalsOf(gate).map(({ by }) => by), ...approversOf(name, others)]);
      if (able.size < gate.required)
        throw new RefusedError(
          'last-approver',
          `the open ${name} gate of "${gate.deploymentId}" needs ${gate.required} approver(s) and has no other than ${email}`,
        );
    }
}

const approversOf = (gate: GateName, approvers: readonly Approver[]): string[] =>
  approvers.filter(({ gates }) => gates.includes(gate)).map(({ email }) => email);

/** Deletes the record, and the e-mail subscription when no other application writes to the same address. */
export async function forgetApprover({ store, mail }: Services, { application, email }: Approver): Promise<void> {
  await store.transact(async (transaction) => {
    if (await transaction.get('approver', { application, email }))
      transaction.delete('approver', { application, email });
  });
  const elsewhere = await listAll(store, LISTINGS.approverEverywhere(email));
  if (elsewhere.some((other) => other.application !== application)) return;
  const arn = (await mail.subscriptions()).get(email)?.arn;
  if (arn) await mail.unsubscribe(arn);
}
