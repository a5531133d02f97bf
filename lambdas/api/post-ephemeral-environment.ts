import { createEphemeral } from '../domain/create-ephemeral.ts';
import { EphemeralRequestSchema } from '../domain/ephemeral-environment.ts';
import { EphemeralViewSchema, viewEphemeral } from '../domain/ephemeral-view.ts';
import { findApplication } from '../domain/find.ts';
import { requesterOf } from '../domain/requester.ts';
import { answer, operation } from '../runtime/operation.ts';
import type { Services } from '../runtime/services.ts';
import { ApplicationPath } from './inputs.ts';

export const postEphemeralEnvironment = operation(
  {
    summary: 'Make an environment outside of the pipeline, for a while, from a branch or a commit',
    input: { path: ApplicationPath, body: EphemeralRequestSchema },
    answers: { 200: EphemeralViewSchema, 202: EphemeralViewSchema },
  },
  async ({ path: { app }, body }, services: Services<'ephemeral'>, { caller }) => {
    await findApplication(services.store, app);
    const createdBy = await requesterOf(services.store, app, caller);
    const { environment, isNew } = await createEphemeral(services, app, body, createdBy);
    return answer(isNew ? 202 : 200, await viewEphemeral(services.store, environment));
  },
);
