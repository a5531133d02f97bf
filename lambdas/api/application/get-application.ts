import { ApplicationViewSchema, showApplication } from '../../domain/application/application-view.ts';
import { findApplication } from '../../domain/transaction/find.ts';
import type { Services } from '../../functions.ts';
import { answer, operation } from '../../runtime/operation.ts';
import { ApplicationPath } from '../inputs.ts';

export const getApplication = operation(
  {
    operationId: 'getApplication',
    tag: 'application',
    summary: 'One application with its effective policy',
    input: { path: ApplicationPath },
    answers: { 200: ApplicationViewSchema },
  },
  async ({ path: { app } }, { store }: Services<'read'>) =>
    answer(200, showApplication(await findApplication(store, app))),
);
