import { notThatLink, readConfirmationLink } from '../../lambdas/domain/approver/confirmation-link.ts';
import { RefusedError } from '../../lambdas/domain/errors.ts';
import type { ApproverMail, Confirmation, Subscription } from '../../lambdas/domain/ports.ts';

export interface SentMail {
  readonly to: string;
  readonly subject: string;
  readonly body: string;
}

const TOPIC_ARN = 'arn:aws:sns:eu-west-1:111111111111:stagegate-approvals';
const HOST = 'sns.eu-west-1.amazonaws.com';
/** Of SNS, for filter policies on one topic. */
const MOST_SUBSCRIPTIONS = 200;

interface Known extends Subscription {
  /** Of the newest confirmation mail. */
  readonly token: string;
  readonly isProtected: boolean;
}

/** The topic with its e-mail subscriptions; `confirm` is what an approver's click does. */
export class InMemoryApproverMail implements ApproverMail {
  readonly sent: SentMail[] = [];
  /** Addresses that were sent a confirmation mail, as often as they were. */
  readonly asked: string[] = [];
  /** What SNS takes; everything else fails. */
  takes: (email: string) => boolean = () => true;
  /** Whether the topic takes no more subscriptions, also if fewer than the most are known. */
  isFull = false;
  readonly #subscriptions = new Map<string, Known>();

  async subscribe(email: string): Promise<string | undefined> {
    const current = this.#subscriptions.get(email);
    if (current?.confirmed) return current.arn;
    if (!current && this.#subscriptions.size >= MOST_SUBSCRIPTIONS)
      throw new RefusedError('approver-limit', `subscribing ${email}: the topic takes no more subscriptions`);
    this.asked.push(email);
    const token = `${this.asked.length}`.padStart(32, '0');
    this.#subscriptions.set(email, { confirmed: false, token, isProtected: false });
    return undefined;
  }

  async confirm(email: string, text: string): Promise<Confirmation> {
    const link = readConfirmationLink(text, { topicArn: TOPIC_ARN, email });
    if (link.protocol !== 'https:' || link.hostname !== HOST) throw notThatLink(text, 'does not lead to AWS');
    const known = this.#subscriptions.get(email);
    if (this.isFull)
      throw new RefusedError('approver-limit', `confirming ${email}: the topic takes no more subscriptions`);
    if (known?.token !== link.token) throw new RefusedError('confirmation-refused', `AWS does not take the link`);
    const isProtected = known.confirmed ? known.isProtected : true;
    const arn = this.click(email);
    this.#subscriptions.set(email, { ...known, arn, confirmed: true, isProtected });
    return { arn, unsubscribeProtected: isProtected };
  }

  async unsubscribe(subscriptionArn: string): Promise<void> {
    for (const [email, { arn }] of this.#subscriptions) if (arn === subscriptionArn) this.#subscriptions.delete(email);
  }

  async subscriptions(): Promise<ReadonlyMap<string, Subscription>> {
    return new Map(
      [...this.#subscriptions].map(([email, { confirmed, arn }]) => [email, { confirmed, ...(arn && { arn }) }]),
    );
  }

  async send(email: string, { subject, body }: { subject: string; body: string }): Promise<void> {
    if (!this.takes(email)) throw new Error(`SNS does not take a mail to ${email}`);
    if (this.#subscriptions.get(email)?.confirmed) this.sent.push({ to: email, subject, body });
  }

  /** A plain click on the link of the confirmation mail. */
  click(email: string): string {
    const arn = `${TOPIC_ARN}:${email}`;
    const known = this.#subscriptions.get(email);
    this.#subscriptions.set(email, { token: '0'.repeat(32), isProtected: false, ...known, confirmed: true, arn });
    return arn;
  }

  /** Somebody ends the subscription, by the link in a mail or after the confirmation was not answered in time. */
  lose(email: string): void {
    this.#subscriptions.delete(email);
  }

  /** Two days have passed since the confirmation mails. */
  forgetUnconfirmed(): void {
    for (const [email, { confirmed }] of this.#subscriptions) if (!confirmed) this.#subscriptions.delete(email);
  }

  /** The link of the newest confirmation mail. */
  confirmationLink(email: string): string {
    const token = this.#subscriptions.get(email)?.token ?? '';
    const query = new URLSearchParams({ TopicArn: TOPIC_ARN, Token: token, Endpoint: email });
    return `https://${HOST}/confirmation.html?${query}`;
  }

  /** The link in the newest mail to this address. */
  linkTo(email: string): string | undefined {
    const mail = this.sent.findLast(({ to }) => to === email);
    return mail && /https?:\/\/\S+/.exec(mail.body)?.[0];
  }
}
