import * as z from 'zod';
import { requesterOf } from '../../domain/approver/requester.ts';
import { DeploymentViewSchema, viewDeployment } from '../../domain/deployment/deployment-view.ts';
import { redeployEphemeral } from '../../domain/ephemeral/redeploy-ephemeral.ts';
import { CommitSchema } from '../../domain/names.ts';
import { findEphemeral } from '../../domain/transaction/find.ts';
import type { Services } from '../../functions.ts';
import { answer, operation } from '../../runtime/operation.ts';
import { EphemeralPath } from '../inputs.ts';

export const postEphemeralDeployment = operation(
  {
    operationId: 'postEphemeralDeployment',
    tag: 'ephemeral-environment',
    summary: 'Deploy a commit to an ephemeral environment, or deploy its current commit again',
    problems: ['environment-closing', 'nothing-deployed', 'requester-unknown'],
    input: { path: EphemeralPath, body: z.strictObject({ commit: CommitSchema.optional() }) },
    answers: { 200: DeploymentViewSchema, 202: DeploymentViewSchema },
  },
  async ({ path: { app, name }, body }, services: Services<'ephemeral'>, { caller, home }) => {
    await findEphemeral(services.store, app, name);
    const by = await requesterOf(services.store, app, caller);
    const where = { application: app, environment: name };
    const { deployment, isNew } = await redeployEphemeral(services, where, body.commit, by);
    return answer(isNew ? 202 : 200, await viewDeployment(services.store, deployment, home));
  },
);
