import * as z from 'zod';
import { requesterOf } from '../../domain/approver/requester.ts';
import { DeploymentViewSchema, viewDeployment } from '../../domain/deployment/deployment-view.ts';
import { EnvironmentNameSchema, ReleaseNumberSchema } from '../../domain/names.ts';
import { requestPromotion } from '../../domain/release/request-promotion.ts';
import type { Services } from '../../functions.ts';
import { answer, operation } from '../../runtime/operation.ts';
import { ApplicationPath } from '../inputs.ts';

const PromotionRequestSchema = z.strictObject({
  to: EnvironmentNameSchema,
  /** Without a number, the newest release that can be promoted. */
  release: ReleaseNumberSchema.optional(),
});

export const postPromotion = operation(
  {
    operationId: 'postPromotion',
    tag: 'release',
    summary: 'Deploy a release to an environment after it succeeded in the previous one',
    problems: [
      'not-in-pipeline',
      'pipeline-incomplete',
      'not-succeeded-before',
      'nothing-to-promote',
      'older-release',
      'newer-release-queued',
      'requester-unknown',
      'environment-closing',
    ],
    input: { path: ApplicationPath, body: PromotionRequestSchema },
    answers: { 200: DeploymentViewSchema, 202: DeploymentViewSchema },
  },
  async ({ path: { app }, body }, services: Services<'deploy'>, { caller, home }) => {
    const requestedBy = await requesterOf(services.store, app, caller);
    const { deployment, isNew } = await requestPromotion(services, { ...body, application: app, requestedBy });
    return answer(isNew ? 202 : 200, await viewDeployment(services.store, deployment, home));
  },
);
