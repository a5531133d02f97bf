import { randomUUID } from 'node:crypto';
import type { Database } from '../../persistence/database.ts';

/** An e-mail in the outbox. */
export interface Mail {
  readonly id: string;
  readonly to: string;
  readonly subject: string;
  readonly body: string;
  /** Every URL in the body, in the order of the body. */
  readonly links: readonly string[];
  /** ISO time. */
  readonly sentAt: string;
}

/** The e-mails of the local cloud, which are kept here instead of being sent. */
export interface Outbox {
  /** Stores the mail permanently before it returns. */
  send(mail: Pick<Mail, 'to' | 'subject' | 'body'>): Mail;
  /** Returns all mails, oldest first. */
  mails(): readonly Mail[];
}

export function createOutbox(database: Database, now: () => number): Outbox {
  const stored = database.collection<Mail>('sns-outbox');
  const mails = stored.entries().map(([, mail]) => mail);
  return {
    send(mail) {
      const links = mail.body.match(/https?:\/\/[^\s<>"]+/g) ?? [];
      const complete = { id: randomUUID(), ...mail, links, sentAt: new Date(now()).toISOString() };
      stored.put(String(mails.length + 1).padStart(8, '0'), complete);
      mails.push(complete);
      return complete;
    },
    mails: () => [...mails],
  };
}
