import * as z from 'zod';
import { requesterOf } from '../../domain/approver/requester.ts';
import { DeploymentViewSchema, viewDeployment } from '../../domain/deployment/deployment-view.ts';
import { requestRemoval } from '../../domain/environment/request-removal.ts';
import { findEnvironment } from '../../domain/transaction/find.ts';
import type { Services } from '../../functions.ts';
import { answer, operation } from '../../runtime/operation.ts';
import { EnvironmentPath } from '../inputs.ts';

export const deleteEnvironment = operation(
  {
    operationId: 'deleteEnvironment',
    tag: 'environment',
    summary: 'Remove an environment that has nothing deployed; a deployment checks its Terraform state first',
    problems: ['deployments-open', 'something-deployed', 'dns-published', 'requester-unknown', 'not-allowed-here'],
    input: { path: EnvironmentPath },
    answers: { 202: DeploymentViewSchema, 204: z.undefined() },
  },
  async ({ path: { app, env } }, services: Services<'deploy'>, { caller, home }) => {
    await findEnvironment(services.store, app, env);
    const by = await requesterOf(services.store, app, caller);
    const deployment = await requestRemoval(services, { application: app, environment: env }, by);
    return deployment ? answer(202, await viewDeployment(services.store, deployment, home)) : answer(204, undefined);
  },
);
