import { LISTINGS } from '../../domain/model/table/listings.ts';
import { ReleaseViewSchema, viewRelease } from '../../domain/release/release-view.ts';
import { findApplication } from '../../domain/transaction/find.ts';
import type { Services } from '../../functions.ts';
import { answer, operation } from '../../runtime/operation.ts';
import { ApplicationPath, PageQuery, pageOf } from '../inputs.ts';
import { showPage } from '../show-page.ts';

export const listReleases = operation(
  {
    operationId: 'listReleases',
    tag: 'release',
    summary: 'The releases of an application, newest first',
    input: { path: ApplicationPath, query: PageQuery },
    answers: { 200: pageOf(ReleaseViewSchema) },
  },
  async ({ path: { app }, query }, { store }: Services<'read'>) => {
    await findApplication(store, app);
    const page = await store.list(LISTINGS.releases(app), query);
    const ahead = await store.readAhead();
    return answer(200, await showPage(page, (release) => viewRelease(store, release, ahead)));
  },
);
