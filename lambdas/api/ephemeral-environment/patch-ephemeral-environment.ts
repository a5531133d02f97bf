import { requesterOf } from '../../domain/approver/requester.ts';
import { adjustEphemeral } from '../../domain/ephemeral/adjust-ephemeral.ts';
import { EphemeralViewSchema, viewEphemeral } from '../../domain/ephemeral/ephemeral-view.ts';
import { EphemeralPatchSchema } from '../../domain/model/ephemeral-environment.ts';
import { ephemeralTag } from '../../domain/model/request/settings-tag.ts';
import { findEphemeral } from '../../domain/transaction/find.ts';
import type { Services } from '../../functions.ts';
import { answer, operation } from '../../runtime/operation.ts';
import { EphemeralPath } from '../inputs.ts';

export const patchEphemeralEnvironment = operation(
  {
    operationId: 'patchEphemeralEnvironment',
    tag: 'ephemeral-environment',
    summary: 'Extend the life of an ephemeral environment, counted from now, or make it follow its branch',
    problems: ['environment-closing', 'not-allowed-here'],
    input: { path: EphemeralPath, body: EphemeralPatchSchema },
    answers: { 200: EphemeralViewSchema },
    isTagged: true,
  },
  async ({ path: { app, name }, body }, services: Services<'ephemeral'>, { caller, ifMatch }) => {
    await findEphemeral(services.store, app, name);
    const by = await requesterOf(services.store, app, caller);
    const environment = await adjustEphemeral(services, app, name, body, by, ifMatch);
    return answer(200, await viewEphemeral(services, environment), ephemeralTag(environment));
  },
);
