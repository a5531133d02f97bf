import type { WireResponse } from '../door/wire.ts';
import type { QueueView } from '../services/sqs/sqs-service.ts';
import { html, prettyJson, respondPage, time } from './html.ts';

/** Renders the queues with their messages; in the local cloud these are dead letters. */
export function respondQueues(queues: readonly QueueView[]): WireResponse {
  const cards = queues.map(({ name, messages }) => {
    const entries = messages.map(
      ({ id, body, attributes, sentAt, receiveCount }) => html`<details><summary>${id}</summary>
<p class="soft">sent ${time(sentAt)} UTC, received ${receiveCount} times</p>
<dl>${Object.entries(attributes).map(([key, { StringValue }]) => html`<dt>${key}</dt><dd>${StringValue}</dd>`)}</dl>
<pre>${prettyJson(body)}</pre></details>`,
    );
    const count = messages.length === 1 ? '1 message' : `${messages.length} messages`;
    return html`<section class="card"><h2>${name}</h2><p class="${messages.length === 0 ? 'soft' : 'bad'}">${count}</p>${entries}</section>`;
  });
  const content = cards.length === 0 ? html`<p class="card">The template has no queue.</p>` : html`${cards}`;
  return respondPage({ title: 'Queues', content });
}
