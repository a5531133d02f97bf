import { requesterOf } from '../../domain/approver/requester.ts';
import { cancelDeployment as cancel } from '../../domain/deployment/cancel-deployment.ts';
import { DeploymentViewSchema, viewDeployment } from '../../domain/deployment/deployment-view.ts';
import { isTerminal } from '../../domain/model/deployment.ts';
import { findDeployment } from '../../domain/transaction/find.ts';
import type { Services } from '../../functions.ts';
import { answer, operation } from '../../runtime/operation.ts';
import { DeploymentPath } from '../inputs.ts';

export const cancelDeployment = operation(
  {
    operationId: 'cancelDeployment',
    tag: 'deployment',
    summary: 'Cancel a deployment that is queued, planning or awaiting approval; answers 202 until it has ended',
    problems: ['not-cancelable'],
    input: { path: DeploymentPath },
    answers: { 200: DeploymentViewSchema, 202: DeploymentViewSchema },
  },
  async ({ path: { app, env, id } }, services: Services<'deploy'>, { caller, home }) => {
    await findDeployment(services.store, app, env, id);
    const deployment = await cancel(services, id, await requesterOf(services.store, app, caller));
    const body = await viewDeployment(services.store, deployment, home);
    return answer(isTerminal(deployment.status) ? 200 : 202, body);
  },
);
