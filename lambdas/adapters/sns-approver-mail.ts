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
/** Instead of an ARN, SNS writes `PendingConfirmation` before the address has confirmed and `Deleted` after it left. */
const isArn = (subscriptionArn: string): boolean => subscriptionArn.startsWith('arn:');

/** SNS itself has the last word on how many fit, also when two are registered at once. */
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
    // The link has to lead to the very service that is asked: an SNS endpoint of this region and no other host.
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
    // The address in a link is but text: whose subscription the token was for, only SNS knows.
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
        // Somebody who left and came back stands in the list twice; somebody who only left is not subscribed.
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
