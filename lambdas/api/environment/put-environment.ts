import { configureEnvironment } from '../../domain/environment/configure-environment.ts';
import { EnvironmentViewSchema, viewEnvironment } from '../../domain/environment/environment-view.ts';
import { EnvironmentSettingsSchema } from '../../domain/model/environment.ts';
import { environmentTag } from '../../domain/model/request/settings-tag.ts';
import { findApplication } from '../../domain/transaction/find.ts';
import type { Services } from '../../functions.ts';
import { answer, operation } from '../../runtime/operation.ts';
import { EnvironmentPath } from '../inputs.ts';

export const putEnvironment = operation(
  {
    operationId: 'putEnvironment',
    tag: 'environment',
    summary: 'Create an environment of the pipeline, or replace its settings, except for its deletion protection',
    problems: [
      'not-in-pipeline',
      'pipeline-order',
      'stage-lowered',
      'environment-exists',
      'names-taken',
      'deployments-open',
      'something-deployed',
      'no-service-domain',
      'hostname-too-long',
      'hostname-taken',
      'dns-published',
    ],
    input: { path: EnvironmentPath, body: EnvironmentSettingsSchema },
    answers: { 200: EnvironmentViewSchema, 201: EnvironmentViewSchema },
    isTagged: true,
  },
  async ({ path: { app, env }, body }, services: Services<'configure'>, { caller, home, ifMatch }) => {
    const place = { application: app, environment: env };
    const { environment, isNew } = await configureEnvironment(services, place, body, caller, ifMatch);
    const application = await findApplication(services.store, app);
    const view = await viewEnvironment(services, application, environment, home);
    return answer(isNew ? 201 : 200, view, environmentTag(environment, view.hold));
  },
);
