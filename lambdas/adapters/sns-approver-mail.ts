import {
  InvalidParameterException,
  PublishCommand,
  paginateListSubscriptionsByTopic,
  SNSClient,
  SubscribeCommand,
  UnsubscribeCommand,
} from '@aws-sdk/client-sns';
import { InvalidInputError } from '../domain/errors.ts';
import type { ApproverMail, Subscription } from '../domain/ports.ts';

/** Instead of an ARN, SNS writes `PendingConfirmation` before the address has confirmed and `Deleted` after it left. */
const isArn = (subscriptionArn: string): boolean => subscriptionArn.startsWith('arn:');

/**
 * One topic, one e-mail subscription per approver. The filter policy is set in the Subscribe call itself: a
 * subscription without one would receive everybody's links.
 */
export class SnsApproverMail implements ApproverMail {
  readonly #topicArn: string;
  readonly #client: SNSClient;

  constructor(topicArn: string, client: SNSClient = new SNSClient({})) {
    this.#topicArn = topicArn;
    this.#client = client;
  }

  async subscribe(email: string): Promise<string | undefined> {
    const { SubscriptionArn } = await this.#client
      .send(
        new SubscribeCommand({
          TopicArn: this.#topicArn,
          Protocol: 'email',
          Endpoint: email,
          Attributes: { FilterPolicy: JSON.stringify({ recipient: [email] }), FilterPolicyScope: 'MessageAttributes' },
        }),
      )
      .catch((cause: unknown) => {
        if (!(cause instanceof InvalidParameterException)) throw cause;
        const issue = { field: 'email', message: 'an address SNS can send to', value: JSON.stringify(email) };
        throw new InvalidInputError('subscribing an approver', [issue], { cause });
      });
    return SubscriptionArn && isArn(SubscriptionArn) ? SubscriptionArn : undefined;
  }

  async unsubscribe(subscriptionArn: string): Promise<void> {
    await this.#client.send(new UnsubscribeCommand({ SubscriptionArn: subscriptionArn }));
  }

  async subscriptions(): Promise<ReadonlyMap<string, Subscription>> {
    const found = new Map<string, Subscription>();
    for await (const page of paginateListSubscriptionsByTopic({ client: this.#client }, { TopicArn: this.#topicArn }))
      for (const { Protocol, Endpoint, SubscriptionArn = '' } of page.Subscriptions ?? []) {
        if (Protocol !== 'email' || !Endpoint) continue;
        const email = Endpoint.toLowerCase();
        // Somebody who left and came back stands in the list twice.
        if (isArn(SubscriptionArn)) found.set(email, { confirmed: true, arn: SubscriptionArn });
        else if (!found.has(email)) found.set(email, { confirmed: false });
      }
    return found;
  }

  async send(email: string, { subject, body }: { subject: string; body: string }): Promise<void> {
    await this.#client.send(
      new PublishCommand({
        TopicArn: this.#topicArn,
        Subject: subject,
        Message: body,
        MessageAttributes: { recipient: { DataType: 'String', StringValue: email } },
      }),
    );
  }
}
