import {
  ConfirmSubscriptionCommand,
  FilterPolicyLimitExceededException,
  GetSubscriptionAttributesCommand,
  InvalidParameterException,
  NotFoundException,
  PublishCommand,
  paginateListSubscriptionsByTopic,
  SNSClient,
  SubscribeCommand,
  SubscriptionLimitExceededException,
  UnsubscribeCommand,
} from '@aws-sdk/client-sns';
import * as z from 'zod';
import { type ConfirmationLink, notThatLink, readConfirmationLink } from '../domain/approver/confirmation-link.ts';
import { InvalidInputError, RefusedError } from '../domain/errors.ts';
import type { ApproverMail, Confirmation, Subscription } from '../domain/ports.ts';

const PENDING = 'PendingConfirmation';
/**
 * Returns whether a subscription has an ARN. Instead of one, SNS writes `PendingConfirmation` until the address is
 * confirmed, and `Deleted` after it unsubscribed.
 */
const isArn = (subscriptionArn: string): boolean => subscriptionArn.startsWith('arn:');

/** Turns the errors of a full topic into a RefusedError. The limit of SNS decides, also for two requests at once. */
const limitOr = (cause: unknown, email: string): unknown =>
  cause instanceof FilterPolicyLimitExceededException || cause instanceof SubscriptionLimitExceededException
    ? new RefusedError('approver-limit', `subscribing ${email}: the topic takes no more subscriptions`)
    : cause;

const AddressedSchema = z.object({ protocol: z.string(), hostname: z.string() });

function leadsTo({ protocol, hostname }: ConfirmationLink, request: unknown): boolean {
  const asked = AddressedSchema.safeParse(request).data;
  return asked?.protocol === protocol && asked.hostname === hostname;
}

/**
 * One topic with one e-mail subscription per approver. The Subscribe call itself sets the filter policy: a subscription
 * without a policy would receive everybody's links.
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
        if (!(cause instanceof InvalidParameterException)) throw limitOr(cause, email);
        const issue = { field: 'email', message: 'an address SNS can send to', value: JSON.stringify(email) };
        throw new InvalidInputError('subscribing an approver', [issue], { cause });
      });
    return SubscriptionArn && isArn(SubscriptionArn) ? SubscriptionArn : undefined;
  }

  async confirm(email: string, text: string): Promise<Confirmation> {
    const link = readConfirmationLink(text, { topicArn: this.#topicArn, email });
    const command = new ConfirmSubscriptionCommand({
      TopicArn: this.#topicArn,
      Token: link.token,
      AuthenticateOnUnsubscribe: 'true',
    });
    // The link must lead to the host that this client calls: the SNS endpoint of this region.
    command.middlewareStack.add(
      (next) => (args) => {
        if (!leadsTo(link, args.request)) throw notThatLink(text, 'does not lead to AWS');
        return next(args);
      },
      { step: 'finalizeRequest' },
    );
    const { SubscriptionArn = '' } = await this.#client.send(command).catch((cause: unknown) => {
      if (!(cause instanceof InvalidParameterException || cause instanceof NotFoundException))
        throw limitOr(cause, email);
      throw new RefusedError(
        'confirmation-refused',
        `AWS does not take the confirmation of ${email}: the link is older than two days, or a newer mail has another one`,
      );
    });
    const { Attributes = {} } = await this.#client.send(new GetSubscriptionAttributesCommand({ SubscriptionArn }));
    // Anyone can write the address in a link. Only SNS knows which subscription the token belongs to.
    if (Attributes.Endpoint?.toLowerCase() !== email) throw notThatLink(text, `was not for ${email}`);
    return { arn: SubscriptionArn, unsubscribeProtected: Attributes.ConfirmationWasAuthenticated === 'true' };
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
        // The list has two entries for an address that left and came back. One that only left is not subscribed.
        if (isArn(SubscriptionArn)) found.set(email, { confirmed: true, arn: SubscriptionArn });
        else if (SubscriptionArn === PENDING && !found.has(email)) found.set(email, { confirmed: false });
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
