import { DeploymentViewSchema, viewDeployment } from '../../domain/deployment/deployment-view.ts';
import { findDeployment } from '../../domain/transaction/find.ts';
import type { Services } from '../../functions.ts';
import { answer, operation } from '../../runtime/operation.ts';
import { DeploymentPath } from '../inputs.ts';

export const getDeployment = operation(
  {
    operationId: 'getDeployment',
    tag: 'deployment',
    summary: 'One deployment with its gates',
    input: { path: DeploymentPath },
    answers: { 200: DeploymentViewSchema },
  },
  async ({ path: { app, env, id } }, { store }: Services<'read'>, { home }) =>
    answer(200, await viewDeployment(store, await findDeployment(store, app, env, id), home)),
);
