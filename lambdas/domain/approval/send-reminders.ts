import type { Approver } from '../model/approver.ts';
import { type Gate, isOwnRequest } from '../model/gate.ts';
import type { LinkState, Reminder } from '../model/link-state.ts';
import { LISTINGS } from '../model/table/listings.ts';
import { GATES } from '../policy.ts';
import type { Store, Subscription, Surroundings } from '../ports.ts';
import { listReadable } from '../transaction/list-all.ts';
import type { MailSubject } from './approval-mail.ts';
import { findMailSubject, type LinkMailServices, linkStateOf, mailLink } from './mail-link.ts';
import { approversFor } from './request-approval.ts';

export interface ReminderTimes {
  /** Seconds after the gate was opened. */
  readonly firstReminderSeconds: number;
  /** Seconds before the gate expires; a quarter of the gate's life if that is shorter. */
  readonly lastReminderSeconds: number;
}

type Services = LinkMailServices & {
  readonly store: Store;
  readonly surroundings: Surroundings;
  readonly reminderTimes: ReminderTimes;
};

export interface Reminded {
  readonly deploymentId: string;
  readonly gate: string;
  readonly email: string;
  readonly kind: Reminder;
}

/** Returns which reminder of an open gate is due, if any. Once the last one is due, the first is no longer sent. */
export function dueReminder(
  { openedAt, expiresAt }: Pick<Gate, 'openedAt' | 'expiresAt'>,
  { firstReminderSeconds, lastReminderSeconds }: ReminderTimes,
  now: string,
): Reminder | undefined {
  const [opened, expires, at] = [Date.parse(openedAt), Date.parse(expiresAt), Date.parse(now)];
  if (at >= expires) return undefined;
  const last = expires - Math.min(lastReminderSeconds * 1000, (expires - opened) / 4);
  if (at >= last) return 'last';
  return at >= opened + firstReminderSeconds * 1000 ? 'first' : undefined;
}

/**
 * Reminds approvers who have not decided, at gates that have been open for long or expire soon. The schedule may fire
 * twice: each reminder is recorded before its mail is sent, so nobody gets the same reminder twice.
 */
export async function sendReminders(services: Services): Promise<{ reminded: Reminded[]; failures: unknown[] }> {
  const { store, surroundings, reminderTimes } = services;
  const reminded: Reminded[] = [];
  const failures: unknown[] = [];
  let subscriptions: ReadonlyMap<string, Subscription> | undefined;
  for (const name of GATES)
    for (const gate of (await listReadable(store, LISTINGS.pendingGates(name))).items) {
      const kind = dueReminder(gate, reminderTimes, surroundings.now());
      if (!kind) continue;
      // A failure at one gate, or with one person, must not prevent the reminders of others.
      await keepFailure(failures, async () => {
        const subject = await findMailSubject(store, gate);
        if (!subject) return;
        for (const { email } of await undecided(store, subject))
          await keepFailure(failures, async () => {
            if ((await linkStateOf(store, gate, email)).reminders.some((reminder) => reminder.kind === kind)) return;
            subscriptions ??= await services.mail.subscriptions();
            if (!subscriptions.get(email)?.confirmed) return;
            const isSent = await remind(services, subject, email, kind);
            if (isSent) reminded.push({ deploymentId: gate.deploymentId, gate: name, email, kind });
          });
      });
    }
  return { reminded, failures };
}

async function keepFailure(failures: unknown[], perform: () => Promise<void>): Promise<void> {
  try {
    await perform();
  } catch (error) {
    failures.push(error);
  }
}

/** Returns the approvers of the gate whose approval could still count. */
async function undecided(store: Store, { deployment, gate }: MailSubject): Promise<Approver[]> {
  const { application, environment: name } = gate;
  const environment = await store.get('environment', { application, name });
  if (!environment) return [];
  const decided = new Set(gate.decisions.map(({ by }) => by));
  return (await approversFor(store, application, gate.gate)).filter(
    (approver) => !decided.has(approver.email) && !isOwnRequest(gate.gate, environment.stage, deployment, approver),
  );
}

/** Returns false if another run was faster, or the person has decided in the meantime. */
async function remind(services: Services, subject: MailSubject, email: string, kind: Reminder): Promise<boolean> {
  const { store, surroundings } = services;
  const claimed = await store.transact(async (transaction) => {
    const { deploymentId, gate: name, round } = subject.gate;
    const gate = await transaction.get('gate', { deploymentId, gate: name });
    const isAsked = gate?.status === 'open' && gate.round === round && !gate.decisions.some(({ by }) => by === email);
    if (!isAsked) return undefined;
    const state = await linkStateOf(transaction, gate, email);
    if (state.reminders.some((reminder) => reminder.kind === kind)) return undefined;
    const reminders = [...state.reminders, { kind, at: surroundings.now() }];
    transaction.put('linkState', { ...state, reminders });
    return state;
  });
  if (!claimed) return false;
  try {
    await mailLink(services, subject, claimed, `${kind}-reminder`);
  } catch (error) {
    await giveBack(store, claimed, kind);
    throw error;
  }
  return true;
}

/** Deletes the record of a reminder whose mail SNS did not accept, so that the next run tries again. */
async function giveBack(store: Store, key: LinkState, kind: Reminder): Promise<void> {
  await store.transact(async (transaction) => {
    const state = await transaction.get('linkState', key);
    if (!state) return;
    const reminders = state.reminders.filter((reminder) => reminder.kind !== kind);
    transaction.put('linkState', { ...state, reminders });
  });
}
