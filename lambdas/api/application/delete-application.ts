import * as z from 'zod';
import { removeApplication } from '../../domain/application/remove-application.ts';
import type { Services } from '../../functions.ts';
import { answer, operation } from '../../runtime/operation.ts';
import { ApplicationPath } from '../inputs.ts';

export const deleteApplication = operation(
  {
    operationId: 'deleteApplication',
    tag: 'application',
    summary: 'Remove an application that has nothing deployed, with its environments and approvers; its history stays',
    problems: ['something-deployed', 'deployments-open', 'dns-published', 'not-allowed-here'],
    input: { path: ApplicationPath },
    answers: { 204: z.undefined() },
  },
  async ({ path: { app } }, services: Services<'approvers'>, { caller }) => {
    await removeApplication(services, app, caller);
    return answer(204, undefined);
  },
);
