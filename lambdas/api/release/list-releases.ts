import { LISTINGS } from '../../domain/model/table/listings.ts';
import { ReleaseViewSchema, viewRelease } from '../../domain/release/release-view.ts';
import { findApplication } from '../../domain/transaction/find.ts';
import type { Services } from '../../functions.ts';
import { answer, operation } from '../../runtime/operation.ts';
import { inRange, listPage, TimeRange } from '../filtered-page.ts';
import { ApplicationPath, PageQuery, pageOf } from '../inputs.ts';
import { showPage } from '../show-page.ts';

/** By the time at which a release was made. */
const ReleaseQuery = PageQuery.extend(TimeRange);

export const listReleases = operation(
  {
    operationId: 'listReleases',
    tag: 'release',
    summary: 'The releases of an application, newest first',
    input: { path: ApplicationPath, query: ReleaseQuery },
    answers: { 200: pageOf(ReleaseViewSchema) },
  },
  async ({ path: { app }, query: { limit, cursor, ...filters } }, { store }: Services<'read'>) => {
    const isInTime = inRange(filters);
    await findApplication(store, app);
    const page = await listPage(store, LISTINGS.releases(app), { limit, cursor }, filters, ({ createdAt }) =>
      isInTime(createdAt),
    );
    const ahead = await store.readAhead();
    return answer(200, await showPage(page, (release) => viewRelease(store, release, ahead)));
  },
);
