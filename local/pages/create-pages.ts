import type { LocalRoutes } from '../door/local-route.ts';
import type { WireRequest, WireResponse } from '../door/wire.ts';
import type { SnsService } from '../services/sns/sns-service.ts';
import type { SqsService } from '../services/sqs/sqs-service.ts';
import type { StatesService } from '../services/states/states-service.ts';
import { findByPath, respondExecution, respondExecutions } from './executions-page.ts';
import { html, respondPage } from './html.ts';
import { respondOutbox, respondOutboxJson } from './outbox-page.ts';
import { respondQueues } from './queues-page.ts';

interface PagesProps {
  readonly states: Pick<StatesService, 'executions' | 'history'>;
  readonly sns: Pick<SnsService, 'mails' | 'localRoutes'>;
  readonly sqs: Pick<SqsService, 'queues'>;
}

/** Makes the pages below `/local/`, on which people and tests see what happens in the local cloud. */
export function createPages({ states, sns, sqs }: PagesProps): LocalRoutes {
  return {
    '/local': onlyGet(() => respondIndex({ states, sns, sqs })),
    '/local/': onlyGet(({ path }) => (path === '/local/' ? respondIndex({ states, sns, sqs }) : respondMissing(path))),
    '/local/outbox': onlyGet(() => respondOutbox(sns.mails())),
    '/local/outbox.json': onlyGet(() => respondOutboxJson(sns.mails())),
    '/local/executions': onlyGet(() => respondExecutions(states.executions(), Date.now())),
    '/local/executions/': onlyGet(({ path }) => {
      const execution = findByPath(states.executions(), path);
      return execution ? respondExecution(execution, states.history(execution.arn), Date.now()) : respondMissing(path);
    }),
    '/local/queues': onlyGet(() => respondQueues(sqs.queues())),
    ...sns.localRoutes,
  };
}

function respondIndex({ states, sns, sqs }: PagesProps): WireResponse {
  const running = states.executions().filter(({ status }) => status === 'RUNNING').length;
  const letters = sqs.queues().reduce((sum, { messages }) => sum + messages.length, 0);
  return respondPage({
    title: 'Overview',
    content: html`
<section class="card"><h2><a href="/local/executions">Executions</a></h2><p>${states.executions().length} in all, ${running} running: their states, timings, inputs and outputs</p></section>
<section class="card"><h2><a href="/local/outbox">Outbox</a></h2><p>${sns.mails().length} e-mails, with working links, also as <a href="/local/outbox.json">JSON</a></p></section>
<section class="card"><h2><a href="/local/queues">Queues</a></h2><p>${letters === 1 ? '1 message' : `${letters} messages`} in ${sqs.queues().length} queues, which hold dead letters</p></section>`,
  });
}

function respondMissing(path: string): WireResponse {
  return respondPage({
    title: 'Not found',
    status: 404,
    content: html`<p class="card">There is nothing at ${path}.</p>`,
  });
}

function onlyGet(respond: (request: WireRequest) => WireResponse): LocalRoutes[string] {
  return (request) =>
    request.method === 'GET' || request.method === 'HEAD'
      ? respond(request)
      : { status: 405, headers: { allow: 'GET, HEAD' }, body: 'this page can only be read\n' };
}
