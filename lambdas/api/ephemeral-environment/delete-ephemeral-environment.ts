import { requesterOf } from '../../domain/approver/requester.ts';
import { deleteEphemeral } from '../../domain/ephemeral/delete-ephemeral.ts';
import { EphemeralViewSchema, viewEphemeral } from '../../domain/ephemeral/ephemeral-view.ts';
import { findEphemeral } from '../../domain/transaction/find.ts';
import type { Services } from '../../functions.ts';
import { answer, operation } from '../../runtime/operation.ts';
import { EphemeralPath } from '../inputs.ts';

export const deleteEphemeralEnvironment = operation(
  {
    operationId: 'deleteEphemeralEnvironment',
    tag: 'ephemeral-environment',
    summary: 'Destroy an ephemeral environment; it is closed when its Terraform state is empty',
    input: { path: EphemeralPath },
    answers: { 202: EphemeralViewSchema },
  },
  async ({ path: { app, name } }, services: Services<'ephemeral'>, { caller }) => {
    await findEphemeral(services.store, app, name);
    const by = await requesterOf(services.store, app, caller);
    return answer(202, await viewEphemeral(services, await deleteEphemeral(services, app, name, by)));
  },
);
