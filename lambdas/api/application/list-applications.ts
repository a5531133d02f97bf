import * as z from 'zod';
import { ApplicationViewSchema, showApplication } from '../../domain/application/application-view.ts';
import { ApplicationSummarySchema, summarizePipelines } from '../../domain/environment/pipeline-summary.ts';
import { LISTINGS } from '../../domain/model/table/listings.ts';
import type { Services } from '../../functions.ts';
import { answer, operation } from '../../runtime/operation.ts';
import { PageQuery, pageOf } from '../inputs.ts';
import { showPage } from '../show-page.ts';

const QuerySchema = PageQuery.extend({
  /** `pipeline`: also what runs in each environment, what is under way, who is waited for, and the figures of DORA. */
  include: z.literal('pipeline').optional(),
});

const ListedSchema = ApplicationViewSchema.extend({
  /** With `include=pipeline` only; null if a record that it needs cannot be read. */
  summary: ApplicationSummarySchema.nullable().optional(),
}).meta({ id: 'ListedApplication' });

export const listApplications = operation(
  {
    operationId: 'listApplications',
    tag: 'application',
    summary: 'All applications, by name; with include=pipeline each with what happens in its pipeline',
    input: { query: QuerySchema },
    answers: { 200: pageOf(ListedSchema) },
  },
  async ({ query: { include, ...query } }, { store, surroundings }: Services<'read'>) => {
    const page = await store.list(LISTINGS.applications(), query);
    const shown = await showPage(page, showApplication);
    if (include === undefined) return answer(200, shown);
    const summaries = await summarizePipelines(store, page.items, surroundings.now());
    const items = shown.items.map((item, index) => ({ ...item, summary: summaries[index] ?? null }));
    const skipped = (shown.skipped ?? 0) + items.filter(({ summary }) => summary === null).length;
    return answer(200, { ...shown, items, skipped: skipped || undefined });
  },
);
