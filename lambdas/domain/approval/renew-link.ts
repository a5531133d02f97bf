import * as z from 'zod';
import { NotFoundError, RefusedError } from '../errors.ts';
import { actorOf } from '../model/audit.ts';
import type { Requester } from '../model/deployment.ts';
import { type Gate, GateSchema } from '../model/gate.ts';
import { type LinkState, LinkStateSchema } from '../model/link-state.ts';
import type { GateName } from '../policy.ts';
import type { Store, Surroundings, Transaction } from '../ports.ts';
import { transactOwn } from '../transaction/own-transaction.ts';
import { recordAudit } from '../transaction/record-audit.ts';
import { recordEvent } from '../transaction/record-event.ts';
import { findMailSubject, type LinkMailServices, linkStateOf, mailLink } from './mail-link.ts';

type Services = LinkMailServices & { readonly store: Store; readonly surroundings: Surroundings };

const RenewedSchema = z.object({ gate: GateSchema, state: LinkStateSchema });

interface Wish {
  readonly deploymentId: string;
  readonly gate: GateName;
  readonly email: string;
}

/**
 * Mails an approver a new link to an open gate and voids the previous link. Repeated after a crash, it sends the link
 * that may not have been sent; repeated after a success, it makes another new link. Throws NotFoundError, RefusedError.
 */
export async function renewLink(services: Services, wish: Wish, by: Requester): Promise<LinkState> {
  const { store, mail, surroundings } = services;
  const subscription = (await mail.subscriptions()).get(wish.email);
  const { gate, state } = await transactOwn(store, RenewedSchema, async (transaction) => {
    const open = await findOpenGate(transaction, wish, surroundings.now());
    if (!subscription?.confirmed)
      throw new RefusedError('approver-unreachable', `${wish.email} has not confirmed the e-mail subscription`);
    return { gate: open, state: await renew(transaction, open, wish.email, by, surroundings) };
  });
  const subject = await findMailSubject(store, gate);
  if (!subject) throw new NotFoundError('deployment', wish.deploymentId);
  await mailLink(services, subject, state, 'renewal');
  const sent = { ...state, isSent: true };
  await store.transact(async (transaction) => {
    const current = await transaction.get('linkState', state);
    if (current?.sequence === state.sequence) transaction.put('linkState', { ...current, isSent: true });
  });
  return sent;
}

async function findOpenGate(
  transaction: Transaction,
  { deploymentId, gate: name, email }: Wish,
  now: string,
): Promise<Gate> {
  const deployment = await transaction.get('deployment', { id: deploymentId });
  if (!deployment) throw new NotFoundError('deployment', deploymentId);
  const { application } = deployment;
  const [gate, approver] = [
    await transaction.get('gate', { deploymentId, gate: name }),
    await transaction.get('approver', { application, email }),
  ];
  if (gate?.status !== 'open')
    throw new RefusedError('gate-not-open', `the ${name} gate of "${deploymentId}" is ${gate?.status ?? 'not open'}`);
  if (now >= gate.expiresAt)
    throw new RefusedError('gate-expired', `the ${name} gate of "${deploymentId}" expired at ${gate.expiresAt}`);
  if (!approver?.gates.includes(name))
    throw new RefusedError('not-an-approver', `${email} is no ${name} approver of "${application}"`);
  const decision = gate.decisions.find(({ by }) => by === email);
  if (decision) throw new RefusedError('already-decided', `${email} decided to ${decision.decision} at ${decision.at}`);
  return gate;
}

async function renew(
  transaction: Transaction,
  gate: Gate,
  email: string,
  by: Requester,
  surroundings: Surroundings,
): Promise<LinkState> {
  const current = await linkStateOf(transaction, gate, email);
  if (!current.isSent) return current;
  const renewed = { ...current, sequence: current.sequence + 1, isSent: false };
  transaction.put('linkState', renewed);
  const { deploymentId, application, environment, digest } = gate;
  const details = { email, sequence: renewed.sequence };
  recordEvent(transaction, surroundings, deploymentId, 'link-renewed', by.principal, { gate: gate.gate, email });
  await recordAudit(transaction, surroundings, {
    application,
    environment,
    deploymentId,
    gate: gate.gate,
    type: 'link-renewed',
    ...actorOf(by),
    digest,
    details,
  });
  return renewed;
}
