import {
  EnvironmentStatusSchema,
  type EnvironmentSummary,
  EnvironmentSummarySchema,
  summarizeEnvironment,
} from '../../domain/environment/environment-view.ts';
import { UnreadableRecordError } from '../../domain/errors.ts';
import type { Environment } from '../../domain/model/environment.ts';
import { LISTINGS } from '../../domain/model/table/listings.ts';
import { StageSchema } from '../../domain/policy.ts';
import { findApplication } from '../../domain/transaction/find.ts';
import { unlessUnreadable } from '../../domain/transaction/unless-unreadable.ts';
import type { Services } from '../../functions.ts';
import { answer, operation } from '../../runtime/operation.ts';
import { filteredPage } from '../filtered-page.ts';
import { ApplicationPath, PageQuery, pageOf } from '../inputs.ts';
import { showPage } from '../show-page.ts';

const EnvironmentQuery = PageQuery.extend({
  /** Only environments of this stage. */
  stage: StageSchema.optional(),
  /** Only environments with this status. */
  status: EnvironmentStatusSchema.optional(),
});

export const listEnvironments = operation(
  {
    operationId: 'listEnvironments',
    tag: 'environment',
    summary: 'The regular environments of an application, by name',
    input: { path: ApplicationPath, query: EnvironmentQuery },
    answers: { 200: pageOf(EnvironmentSummarySchema) },
  },
  async ({ path: { app }, query: { limit, cursor, stage, status } }, { store }: Services<'read'>) => {
    await findApplication(store, app);
    const summaries = new Map<Environment, EnvironmentSummary | UnreadableRecordError>();
    // Regular and ephemeral environments share a listing, so that no name is used twice.
    const matches = async (environment: Environment): Promise<boolean> => {
      if (environment.type !== 'regular' || (stage !== undefined && environment.stage !== stage)) return false;
      const summary = await unlessUnreadable(() => summarizeEnvironment(store, environment));
      summaries.set(environment, summary);
      // What cannot be read may be what is looked for: the page counts it as skipped.
      return status === undefined || summary instanceof UnreadableRecordError || summary.status === status;
    };
    const page = await filteredPage(store, LISTINGS.environments(app), { limit, cursor }, { stage, status }, matches);
    const shown = await showPage(page, (environment) => {
      const summary = summaries.get(environment);
      if (summary instanceof UnreadableRecordError) throw summary;
      if (!summary) throw new Error(`environment "${environment.name}" was listed and not read`);
      return summary;
    });
    return answer(200, shown);
  },
);
