import type * as z from 'zod';
import { EnvironmentStatusSchema } from '../../domain/environment/environment-view.ts';
import { EphemeralViewSchema, MonthlyCostSchema, sumOf, viewEphemeral } from '../../domain/ephemeral/ephemeral-view.ts';
import { listEphemeral, pageThrough } from '../../domain/ephemeral/list-ephemeral.ts';
import { findApplication } from '../../domain/transaction/find.ts';
import { forEachReadable } from '../../domain/transaction/unless-unreadable.ts';
import type { Services } from '../../functions.ts';
import { answer, operation } from '../../runtime/operation.ts';
import { boundCursor, placeOf } from '../filtered-page.ts';
import { ApplicationPath, PageQuery, pageOf } from '../inputs.ts';

const EphemeralQuery = PageQuery.extend({
  /** Only environments with this status. */
  status: EnvironmentStatusSchema.optional(),
});

/** `monthlyCost` is the cost of all environments of the list, on every page; so is `skipped` their number. */
const answers = { 200: pageOf(EphemeralViewSchema).extend({ monthlyCost: MonthlyCostSchema }) };

async function list(services: Services<'read'>, query: z.output<typeof EphemeralQuery>, application?: string) {
  const { limit, cursor, status } = query;
  const given = { status, application: application ?? '*' };
  const at = cursor === undefined ? undefined : firstOf(cursor, given);
  const { found, unreadable } = await listEphemeral(services.store, application);
  const views = await forEachReadable(found, (environment) => viewEphemeral(services, environment));
  const asked = views.found.filter((view) => (status ?? view.status) === view.status);
  const { items, nextCursor: next } = pageThrough(asked, ({ application: app, name }) => `${app}/${name}`, {
    limit,
    ...(at !== undefined && { cursor: at }),
  });
  const nextCursor = next && boundCursor(Buffer.from(next).toString('base64url'), given);
  const skipped = unreadable.length + views.unreadable.length;
  return answer(200, { items, nextCursor, skipped: skipped || undefined, monthlyCost: sumOf(asked) });
}

/** Returns the key with which the page begins. Throws InvalidInputError for a cursor of another list. */
const firstOf = (cursor: string, given: Parameters<typeof placeOf>[1]): string =>
  Buffer.from(placeOf(cursor, given), 'base64url').toString('utf8');

export const listEphemeralEnvironments = operation(
  {
    operationId: 'listEphemeralEnvironments',
    tag: 'ephemeral-environment',
    summary: 'The ephemeral environments of an application that are not closed, and their monthly cost',
    input: { path: ApplicationPath, query: EphemeralQuery },
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
    input: { query: EphemeralQuery },
    answers,
  },
  async ({ query }, services: Services<'read'>) => list(services, query),
);
