import * as z from 'zod';
import { answer, operation } from '../runtime/operation.ts';
import { serversOf } from './document/about.ts';
import { openapiDocument } from './openapi.ts';
import { APPROVERS, CONFIGURE, DECIDE, DEPLOY, EPHEMERAL, OPEN, READ, WEBHOOK } from './operations.ts';

/** The document, made with the first request to a function instance, because making it loads every operation. */
let made: ReturnType<typeof openapiDocument> | undefined;

export const getOpenapi = operation(
  {
    operationId: 'getOpenapi',
    tag: 'service',
    summary: 'This API as an OpenAPI 3.1 document',
    input: {},
    answers: { 200: z.record(z.string(), z.json()) },
  },
  async (_, __, { sent }) => {
    const document = await apiDocument();
    return answer(200, { ...document, servers: serversOf(sent.headers.host) });
  },
);

/** Returns the document as it is for every installation. */
export async function apiDocument(): Promise<ReturnType<typeof openapiDocument>> {
  made ??= openapiDocument(await loadAll());
  return made;
}

async function loadAll() {
  const api = { ...READ, ...CONFIGURE, ...APPROVERS, ...DEPLOY, ...EPHEMERAL, ...DECIDE, ...WEBHOOK, ...OPEN };
  const loaded = Object.entries(api).map(async ([route, load]) => [route, await load()] as const);
  return Object.fromEntries(await Promise.all(loaded));
}
