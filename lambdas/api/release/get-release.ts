import { ReleaseViewSchema, viewRelease } from '../../domain/release/release-view.ts';
import { findRelease } from '../../domain/transaction/find.ts';
import type { Services } from '../../functions.ts';
import { answer, operation } from '../../runtime/operation.ts';
import { ReleasePath } from '../inputs.ts';

export const getRelease = operation(
  {
    operationId: 'getRelease',
    tag: 'release',
    summary: 'One release, and what became of it in each environment: applied, passed through, failed …',
    input: { path: ReleasePath },
    answers: { 200: ReleaseViewSchema },
  },
  async ({ path: { app, number } }, { store }: Services<'read'>) =>
    answer(200, await viewRelease(store, await findRelease(store, app, number))),
);
