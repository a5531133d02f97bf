import { EnvironmentViewSchema, viewEnvironment } from '../../domain/environment/environment-view.ts';
import { environmentTag } from '../../domain/model/request/settings-tag.ts';
import { findApplication, findEnvironment } from '../../domain/transaction/find.ts';
import type { Services } from '../../functions.ts';
import { answer, operation } from '../../runtime/operation.ts';
import { EnvironmentPath } from '../inputs.ts';

export const getEnvironment = operation(
  {
    operationId: 'getEnvironment',
    tag: 'environment',
    summary: 'One environment: its release, outputs, running deployment and history',
    input: { path: EnvironmentPath },
    answers: { 200: EnvironmentViewSchema },
    isTagged: true,
  },
  async ({ path: { app, env } }, services: Services<'read'>, { home }) => {
    const application = await findApplication(services.store, app);
    const environment = await findEnvironment(services.store, app, env);
    const view = await viewEnvironment(services, application, environment, home);
    return answer(200, view, environmentTag(environment, view.hold));
  },
);
