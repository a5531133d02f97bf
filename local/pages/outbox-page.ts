import type { WireResponse } from '../door/wire.ts';
import type { Mail } from '../services/sns/outbox.ts';
import { html, linkUrls, respondPage, time } from './html.ts';

/** Renders every e-mail of the local cloud, newest first, with links to open. */
export function respondOutbox(mails: readonly Mail[]): WireResponse {
  const cards = mails.toReversed().map(
    ({ to, subject, body, sentAt }) => html`<article class="card"><h2>${subject}</h2>
<p class="soft">to ${to}, ${time(Date.parse(sentAt))} UTC</p><pre>${linkUrls(body)}</pre></article>`,
  );
  const content = cards.length === 0 ? html`<p class="card">No e-mail has been sent yet.</p>` : html`${cards}`;
  return respondPage({ title: 'Outbox', content });
}

/** Returns the e-mails for programs, oldest first. */
export function respondOutboxJson(mails: readonly Mail[]): WireResponse {
  const body = mails.map(({ id, to, subject, body: text, links, sentAt }) => ({
    id,
    to,
    subject,
    body: text,
    links,
    sentAt,
  }));
  return {
    status: 200,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    body: JSON.stringify(body),
  };
}
