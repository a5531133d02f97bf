import type * as z from 'zod';
import { EphemeralViewSchema, MonthlyCostSchema, sumOf, viewEphemeral } from '../../domain/ephemeral/ephemeral-view.ts';
import { listEphemeral, pageThrough } from '../../domain/ephemeral/list-ephemeral.ts';
import { findApplication } from '../../domain/transaction/find.ts';
import { forEachReadable } from '../../domain/transaction/unless-unreadable.ts';
import type { Services } from '../../functions.ts';
import { answer, operation } from '../../runtime/operation.ts';
import { ApplicationPath, PageQuery, pageOf } from '../inputs.ts';

/** `monthlyCost` is the cost of all environments of the list, on every page; so is `skipped` their number. */
const answers = { 200: pageOf(EphemeralViewSchema).extend({ monthlyCost: MonthlyCostSchema }) };

async function list(services: Services<'read'>, query: z.output<typeof PageQuery>, application?: string) {
  const { found, unreadable } = await listEphemeral(services.store, application);
  const views = await forEachReadable(found, (environment) => viewEphemeral(services, environment));
  const page = pageThrough(views.found, ({ application: app, name }) => `${app}/${name}`, query);
  const skipped = unreadable.length + views.unreadable.length;
  return answer(200, { ...page, skipped: skipped || undefined, monthlyCost: sumOf(views.found) });
}

export const listEphemeralEnvironments = operation(
  {
    operationId: 'listEphemeralEnvironments',
    tag: 'ephemeral-environment',
    summary: 'The ephemeral environments of an application that are not closed, and their monthly cost',
    input: { path: ApplicationPath, query: PageQuery },
    answers,
  },
  async ({ path: { app }, query }, services: Services<'read'>) => {
    await findApplication(services.store, app);
    return list(services, query, app);
  },
);

export const listAllEphemeralEnvironments = operation(
  {
    operationId: 'listAllEphemeralEnvironments',
    tag: 'ephemeral-environment',
    summary: 'The ephemeral environments of all applications that are not closed, and their monthly cost',
    input: { query: PageQuery },
    answers,
  },
  async ({ query }, services: Services<'read'>) => list(services, query),
);
