import type { Subscription } from './subscriptions.ts';

interface MailText {
  readonly subject: string;
  readonly body: string;
}

/** Path of the two pages that links in SNS mails open. */
const PAGES_PATH = '/local/sns';

/** Makes the mail that asks a new subscriber for confirmation; its link has AWS's form. */
export function confirmationMail({ topicArn, endpoint, token }: Subscription, pagesUrl: string): MailText {
  const link = `${pagesUrl}${PAGES_PATH}/confirmation.html?${query({ TopicArn: topicArn, Token: token, Endpoint: endpoint })}`;
  return {
    subject: 'AWS Notification - Subscription Confirmation',
    body: [
      'You have chosen to subscribe to the topic:',
      topicArn,
      '',
      'To confirm this subscription, click or visit the link below (If this was in error no action is necessary):',
      link,
    ].join('\n'),
  };
}

/** Makes the mail for a published message. SNS puts a link to unsubscribe below every mail. */
export function notificationMail(
  { arn, endpoint }: Subscription,
  message: string,
  subject: string | undefined,
  pagesUrl: string,
): MailText {
  const link = `${pagesUrl}${PAGES_PATH}/unsubscribe.html?${query({ SubscriptionArn: arn, Endpoint: endpoint })}`;
  return {
    subject: subject ?? 'AWS Notification Message',
    body: [
      message,
      '',
      '--',
      'If you wish to stop receiving notifications from this topic, please click or visit the link below to unsubscribe:',
      link,
    ].join('\n'),
  };
}

const query = (fields: Record<string, string>): string => new URLSearchParams(fields).toString();
