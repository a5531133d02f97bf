import type { Deployment } from '../model/deployment.ts';
import type { Gate } from '../model/gate.ts';
import { firstLink, type LinkKey, type LinkState } from '../model/link-state.ts';
import type { Release } from '../model/release.ts';
import type { ApproverMail, LinkSigner, Reader, Store } from '../ports.ts';
import { approvalMail, type MailSubject, type Occasion } from './approval-mail.ts';
import { findSuccessBefore } from './success-before.ts';

export interface LinkMailServices {
  readonly mail: ApproverMail;
  readonly links: LinkSigner;
  /** The API's address, with which links begin. */
  readonly publicUrl: string;
}

/** Mails one approver their valid link. A second mail has the same link. */
export async function mailLink(
  { mail, links, publicUrl }: LinkMailServices,
  subject: MailSubject,
  { email, sequence }: Pick<LinkState, 'email' | 'sequence'>,
  occasion: Occasion,
): Promise<void> {
  const { deploymentId, gate, round, digest } = subject.gate;
  const token = await links.sign({ deploymentId, gate, round, email, digest, sequence });
  await mail.send(email, approvalMail(subject, occasion, `${publicUrl}/approvals/${token}`));
}

export async function findMailSubject(reader: Reader, gate: Gate): Promise<MailSubject | undefined> {
  const deployment = await reader.get('deployment', { id: gate.deploymentId });
  if (!deployment) return undefined;
  const [release, before] = await Promise.all([releaseOf(reader, deployment), findSuccessBefore(reader, deployment)]);
  return { deployment, gate, release, before };
}

/** Returns the release that is deployed; undefined for an ephemeral environment, which has no releases. */
export async function releaseOf(
  reader: Reader,
  { application, release: number }: Pick<Deployment, 'application'> & { readonly release?: number | undefined },
): Promise<Release | undefined> {
  return number === undefined ? undefined : reader.get('release', { application, number });
}

/** Returns which of an approver's links to the gate is valid, and which reminders were sent. */
export async function linkStateOf(reader: Reader, gate: Gate, email: string): Promise<LinkState> {
  const key: LinkKey = { deploymentId: gate.deploymentId, gate: gate.gate, round: gate.round, email };
  return (await reader.get('linkState', key)) ?? firstLink(key);
}

/** Notes that these links have been mailed, for a task that fails after it has mailed some and is then repeated. */
export async function noteAsked(store: Pick<Store, 'transact'>, mailed: readonly LinkState[]): Promise<void> {
  for (const link of mailed)
    await store.transact(async (transaction) => {
      const { deploymentId, gate, round, email } = link;
      const state = (await transaction.get('linkState', { deploymentId, gate, round, email })) ?? link;
      transaction.put('linkState', { ...state, isAsked: true });
    });
}
