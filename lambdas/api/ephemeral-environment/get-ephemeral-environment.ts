import { EphemeralViewSchema, viewEphemeral } from '../../domain/ephemeral/ephemeral-view.ts';
import { ephemeralTag } from '../../domain/model/request/settings-tag.ts';
import { findEphemeral } from '../../domain/transaction/find.ts';
import type { Services } from '../../functions.ts';
import { answer, operation } from '../../runtime/operation.ts';
import { EphemeralPath } from '../inputs.ts';

export const getEphemeralEnvironment = operation(
  {
    operationId: 'getEphemeralEnvironment',
    tag: 'ephemeral-environment',
    summary: 'One ephemeral environment; a closed one is shown until its name is used again',
    input: { path: EphemeralPath },
    answers: { 200: EphemeralViewSchema },
    isTagged: true,
  },
  async ({ path: { app, name } }, services: Services<'read'>) => {
    const environment = await findEphemeral(services.store, app, name);
    return answer(200, await viewEphemeral(services, environment), ephemeralTag(environment));
  },
);
