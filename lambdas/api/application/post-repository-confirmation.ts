import { ApplicationViewSchema, showApplication } from '../../domain/application/application-view.ts';
import { confirmRepository, RepositoryConfirmationSchema } from '../../domain/application/confirm-repository.ts';
import type { Services } from '../../functions.ts';
import { answer, operation } from '../../runtime/operation.ts';
import { ApplicationPath } from '../inputs.ts';

export const postRepositoryConfirmation = operation(
  {
    operationId: 'postRepositoryConfirmation',
    tag: 'application',
    summary: 'Confirm that another repository of the git host has the name of the config repository from now on',
    problems: ['not-allowed-here'],
    input: { path: ApplicationPath, body: RepositoryConfirmationSchema },
    answers: { 200: ApplicationViewSchema },
  },
  async ({ path: { app }, body }, services: Services<'configure'>, { caller }) =>
    answer(200, showApplication(await confirmRepository(services, app, body, caller))),
);
