import { ApplicationViewSchema, showApplication } from '../../domain/application/application-view.ts';
import { configureApplication } from '../../domain/application/configure-application.ts';
import { ApplicationSettingsSchema } from '../../domain/model/application.ts';
import { applicationTag } from '../../domain/model/request/settings-tag.ts';
import type { Services } from '../../functions.ts';
import { answer, operation } from '../../runtime/operation.ts';
import { ApplicationPath } from '../inputs.ts';

export const putApplication = operation(
  {
    operationId: 'putApplication',
    tag: 'application',
    summary: 'Create an application, or replace its settings',
    problems: [
      'policy-too-weak',
      'pipeline-order',
      'environment-exists',
      'deployments-open',
      'something-deployed',
      'dns-published',
      'not-allowed-here',
    ],
    input: { path: ApplicationPath, body: ApplicationSettingsSchema },
    answers: { 200: ApplicationViewSchema, 201: ApplicationViewSchema },
    isTagged: true,
  },
  async ({ path: { app }, body }, services: Services<'configure'>, { caller, ifMatch }) => {
    const { application, isNew } = await configureApplication(services, app, body, caller, ifMatch);
    return answer(isNew ? 201 : 200, showApplication(application), applicationTag(application));
  },
);
