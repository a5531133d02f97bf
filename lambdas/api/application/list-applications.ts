import { ApplicationViewSchema, showApplication } from '../../domain/application/application-view.ts';
import { LISTINGS } from '../../domain/model/table/listings.ts';
import type { Services } from '../../functions.ts';
import { answer, operation } from '../../runtime/operation.ts';
import { PageQuery, pageOf } from '../inputs.ts';
import { showPage } from '../show-page.ts';

export const listApplications = operation(
  {
    operationId: 'listApplications',
    tag: 'application',
    summary: 'All applications, by name',
    input: { query: PageQuery },
    answers: { 200: pageOf(ApplicationViewSchema) },
  },
  async ({ query }, { store }: Services<'read'>) =>
    answer(200, await showPage(await store.list(LISTINGS.applications(), query), showApplication)),
);
