import { requesterOf } from '../../domain/approver/requester.ts';
import { adjustEnvironment } from '../../domain/environment/adjust-environment.ts';
import { EnvironmentViewSchema, viewEnvironment } from '../../domain/environment/environment-view.ts';
import { EnvironmentPatchSchema } from '../../domain/model/environment.ts';
import { environmentTag } from '../../domain/model/request/settings-tag.ts';
import { findApplication } from '../../domain/transaction/find.ts';
import type { Services } from '../../functions.ts';
import { answer, operation } from '../../runtime/operation.ts';
import { EnvironmentPath } from '../inputs.ts';

export const patchEnvironment = operation(
  {
    operationId: 'patchEnvironment',
    tag: 'environment',
    summary: 'Set or lift the hold of an environment, or its deletion protection',
    problems: ['production-protected', 'not-allowed-here'],
    input: { path: EnvironmentPath, body: EnvironmentPatchSchema },
    answers: { 200: EnvironmentViewSchema },
    isTagged: true,
  },
  async ({ path: { app, env }, body }, services: Services<'configure'>, { caller, home, ifMatch }) => {
    const application = await findApplication(services.store, app);
    const by = await requesterOf(services.store, app, caller);
    const environment = await adjustEnvironment(services, { application: app, environment: env }, body, by, ifMatch);
    const view = await viewEnvironment(services, application, environment, home);
    return answer(200, view, environmentTag(environment, view.hold));
  },
);
