import type { LocalRoutes } from '../../door/local-route.ts';
import type { WireRequest, WireResponse } from '../../door/wire.ts';
import { html, respondPage } from '../../pages/html.ts';
import type { Subscriptions } from './subscriptions.ts';

/** Makes the two pages that links in SNS mails open, as AWS has them: opening them confirms or ends a subscription. */
export function createSnsPages(
  subscriptions: Subscriptions,
  confirm: (topicArn: string, token: string) => { readonly arn: string } | undefined,
): LocalRoutes {
  return {
    '/local/sns/confirmation.html': onlyGet(({ query }) => {
      const confirmed = confirm(query.get('TopicArn') ?? '', query.get('Token') ?? '');
      return confirmed
        ? page(200, 'Subscription confirmed!', [
            'You have successfully subscribed.',
            `Your subscription's id is: ${confirmed.arn}`,
            'If it was not your intention to subscribe, use the unsubscribe link of any message you get.',
          ])
        : page(403, 'Subscription not confirmed', ['The link is not valid, or it is more than two days old.']);
    }),
    '/local/sns/unsubscribe.html': onlyGet(({ query }) => {
      const subscription = subscriptions.find(query.get('SubscriptionArn') ?? '');
      if (!subscription) return page(404, 'Not subscribed', ['This subscription does not exist any more.']);
      if (subscription.isUnsubscribeProtected) {
        return page(403, 'Sign in to unsubscribe', [
          'This subscription can only be ended by a signed call of the account that owns it or the topic.',
        ]);
      }
      subscriptions.remove(subscription.arn);
      return page(200, 'Subscription removed!', [
        `${subscription.endpoint} gets no more messages of ${subscription.topicArn}.`,
      ]);
    }),
  };
}

/** Refuses every method except GET, so that looking at a link in another way changes nothing. */
function onlyGet(respond: (request: WireRequest) => WireResponse): LocalRoutes[string] {
  return (request) =>
    request.method === 'GET' ? respond(request) : { status: 405, headers: { allow: 'GET' }, body: 'only GET\n' };
}

function page(status: number, title: string, paragraphs: readonly string[]): WireResponse {
  const content = html`<div class="card">${paragraphs.map((paragraph) => html`<p>${paragraph}</p>`)}</div>`;
  return respondPage({ title, status, content });
}
