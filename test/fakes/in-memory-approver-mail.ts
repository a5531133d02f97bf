import type { ApproverMail, Subscription } from '../../lambdas/domain/ports.ts';

export interface SentMail {
  readonly to: string;
  readonly subject: string;
  readonly body: string;
}

/** The topic with its e-mail subscriptions; `confirm` is what an approver's click does. */
export class InMemoryApproverMail implements ApproverMail {
  readonly sent: SentMail[] = [];
  readonly #subscriptions = new Map<string, Subscription>();

  async subscribe(email: string): Promise<string | undefined> {
    const current = this.#subscriptions.get(email);
    if (!current) this.#subscriptions.set(email, { confirmed: false });
    return current?.arn;
  }

  async unsubscribe(subscriptionArn: string): Promise<void> {
    for (const [email, { arn }] of this.#subscriptions) if (arn === subscriptionArn) this.#subscriptions.delete(email);
  }

  async subscriptions(): Promise<ReadonlyMap<string, Subscription>> {
    return new Map(this.#subscriptions);
  }

  async send(email: string, { subject, body }: { subject: string; body: string }): Promise<void> {
    this.sent.push({ to: email, subject, body });
  }

  confirm(email: string): string {
    const arn = `arn:aws:sns:eu-west-1:111111111111:stagegate-approvals:${email}`;
    this.#subscriptions.set(email, { confirmed: true, arn });
    return arn;
  }

  /** The link in the newest mail to this address. */
  linkTo(email: string): string | undefined {
    const mail = this.sent.findLast(({ to }) => to === email);
    return mail && /https?:\/\/\S+/.exec(mail.body)?.[0];
  }
}
