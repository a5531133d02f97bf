import * as z from 'zod';
import { requesterOf } from '../../domain/approver/requester.ts';
import { DeploymentViewSchema, viewDeployment } from '../../domain/deployment/deployment-view.ts';
import { requestDeployment } from '../../domain/deployment/request-deployment.ts';
import { AdoptSchema } from '../../domain/model/deployment.ts';
import { ReleaseNumberSchema } from '../../domain/names.ts';
import { OperationSchema } from '../../domain/operation.ts';
import { findEnvironment } from '../../domain/transaction/find.ts';
import type { Services } from '../../functions.ts';
import { answer, operation } from '../../runtime/operation.ts';
import { EnvironmentPath } from '../inputs.ts';

const DeploymentRequestSchema = z
  .strictObject({
    release: ReleaseNumberSchema.optional(),
    operation: OperationSchema.default('deploy'),
    adopt: AdoptSchema.optional(),
  })
  .refine(({ release, operation: wanted }) => release !== undefined || wanted === 'destroy', {
    path: ['release'],
    error: 'the number of a release; only a destruction may do without',
  })
  .refine(({ adopt, operation: wanted }) => adopt === undefined || wanted !== 'destroy', {
    path: ['adopt'],
    error: 'only with a deployment or a rollback: a destruction begins with what is there',
  });

export const postDeployment = operation(
  {
    operationId: 'postDeployment',
    tag: 'deployment',
    summary: 'Deploy a release, roll back to an older one, or destroy what is deployed',
    problems: [
      'not-in-pipeline',
      'pipeline-incomplete',
      'not-succeeded-before',
      'older-release',
      'newer-release-queued',
      'not-a-rollback',
      'requester-unknown',
      'environment-closing',
      'deployments-open',
      'nothing-deployed',
      'production-protected',
      'deletion-protected',
    ],
    input: { path: EnvironmentPath, body: DeploymentRequestSchema },
    answers: { 200: DeploymentViewSchema, 202: DeploymentViewSchema },
  },
  async ({ path: { app, env }, body }, services: Services<'deploy'>, { caller, home }) => {
    await findEnvironment(services.store, app, env);
    const requestedBy = await requesterOf(services.store, app, caller);
    const wish = { ...body, application: app, environment: env, requestedBy };
    const { deployment, isNew } = await requestDeployment(services, wish);
    return answer(isNew ? 202 : 200, await viewDeployment(services.store, deployment, home));
  },
);
