import { requesterOf } from '../../domain/approver/requester.ts';
import { createEphemeral } from '../../domain/ephemeral/create-ephemeral.ts';
import { EphemeralViewSchema, viewEphemeral } from '../../domain/ephemeral/ephemeral-view.ts';
import { EphemeralRequestSchema } from '../../domain/model/ephemeral-environment.ts';
import { findApplication } from '../../domain/transaction/find.ts';
import type { Services } from '../../functions.ts';
import { answer, operation } from '../../runtime/operation.ts';
import { ApplicationPath } from '../inputs.ts';

export const postEphemeralEnvironment = operation(
  {
    operationId: 'postEphemeralEnvironment',
    tag: 'ephemeral-environment',
    summary: 'Create a temporary environment outside of the pipeline from a branch or a commit',
    problems: [
      'environment-exists',
      'names-taken',
      'ephemeral-limit',
      'hostname-too-long',
      'hostname-taken',
      'requester-unknown',
      'not-allowed-here',
    ],
    input: { path: ApplicationPath, body: EphemeralRequestSchema },
    answers: { 200: EphemeralViewSchema, 202: EphemeralViewSchema },
  },
  async ({ path: { app }, body }, services: Services<'ephemeral'>, { caller }) => {
    await findApplication(services.store, app);
    const createdBy = await requesterOf(services.store, app, caller);
    const { environment, isNew } = await createEphemeral(services, app, body, createdBy);
    return answer(isNew ? 202 : 200, await viewEphemeral(services, environment));
  },
);
