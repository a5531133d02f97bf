import { adjustEphemeral } from '../domain/adjust-ephemeral.ts';
import { EphemeralPatchSchema } from '../domain/ephemeral-environment.ts';
import { EphemeralViewSchema, viewEphemeral } from '../domain/ephemeral-view.ts';
import { findEphemeral } from '../domain/find.ts';
import { requesterOf } from '../domain/requester.ts';
import { answer, operation } from '../runtime/operation.ts';
import type { Services } from '../runtime/services.ts';
import { EphemeralPath } from './inputs.ts';

export const patchEphemeralEnvironment = operation(
  {
    summary: 'Extend the life of an ephemeral environment, counted from now, or have it follow its branch',
    input: { path: EphemeralPath, body: EphemeralPatchSchema },
    answers: { 200: EphemeralViewSchema },
  },
  async ({ path: { app, name }, body }, services: Services<'ephemeral'>, { caller }) => {
    await findEphemeral(services.store, app, name);
    const by = await requesterOf(services.store, app, caller);
    const environment = await adjustEphemeral(services, app, name, body, by);
    return answer(200, await viewEphemeral(services.store, environment));
  },
);
