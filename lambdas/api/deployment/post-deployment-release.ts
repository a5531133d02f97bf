import * as z from 'zod';
import { requesterOf } from '../../domain/approver/requester.ts';
import { DeploymentViewSchema, viewDeployment } from '../../domain/deployment/deployment-view.ts';
import { releaseByHand } from '../../domain/deployment/release-by-hand.ts';
import { findDeployment } from '../../domain/transaction/find.ts';
import type { Services } from '../../functions.ts';
import { answer, operation } from '../../runtime/operation.ts';
import { DeploymentPath } from '../inputs.ts';

export const postDeploymentRelease = operation(
  {
    operationId: 'postDeploymentRelease',
    tag: 'deployment',
    summary: 'End a deployment whose execution and build are gone, and release its environment',
    problems: ['not-the-holder', 'still-running'],
    input: { path: DeploymentPath, body: z.strictObject({ reason: z.string().min(1).max(500) }) },
    answers: { 200: DeploymentViewSchema },
  },
  async ({ path: { app, env, id }, body: { reason } }, services: Services<'deploy'>, { caller, home }) => {
    await findDeployment(services.store, app, env, id);
    const by = await requesterOf(services.store, app, caller);
    const deployment = await releaseByHand(services, id, { by, reason });
    return answer(200, await viewDeployment(services.store, deployment, home));
  },
);
