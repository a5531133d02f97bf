import { EnvironmentSummarySchema, summarizeEnvironment } from '../../domain/environment/environment-view.ts';
import { LISTINGS } from '../../domain/model/table/listings.ts';
import { findApplication } from '../../domain/transaction/find.ts';
import type { Services } from '../../functions.ts';
import { answer, operation } from '../../runtime/operation.ts';
import { ApplicationPath, PageQuery, pageOf } from '../inputs.ts';
import { showPage } from '../show-page.ts';

export const listEnvironments = operation(
  {
    operationId: 'listEnvironments',
    tag: 'environment',
    summary: 'The regular environments of an application, by name',
    input: { path: ApplicationPath, query: PageQuery },
    answers: { 200: pageOf(EnvironmentSummarySchema) },
  },
  async ({ path: { app }, query }, { store }: Services<'read'>) => {
    await findApplication(store, app);
    const page = await store.list(LISTINGS.environments(app), query);
    // Regular and ephemeral environments share a listing, so that no name is used twice. A page may therefore be
    // shorter than requested.
    const regular = page.items.filter(({ type }) => type === 'regular');
    const shown = await showPage({ ...page, items: regular }, (environment) =>
      summarizeEnvironment(store, environment),
    );
    return answer(200, shown);
  },
);
