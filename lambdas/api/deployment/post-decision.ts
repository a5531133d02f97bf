import * as z from 'zod';
import { decideAsCaller } from '../../domain/approval/decide-gate.ts';
import { DeploymentViewSchema, viewDeployment } from '../../domain/deployment/deployment-view.ts';
import { Sha256Schema } from '../../domain/names.ts';
import { findDeployment } from '../../domain/transaction/find.ts';
import type { Services } from '../../functions.ts';
import { answer, operation } from '../../runtime/operation.ts';
import { GatePath } from '../inputs.ts';

const DecisionRequestSchema = z.strictObject({
  decision: z.enum(['approve', 'reject']),
  /** The digest of the plan that the decision is about, as the deployment shows it. */
  planDigest: Sha256Schema,
  comment: z.string().max(2000).optional(),
});

export const postDecision = operation(
  {
    operationId: 'postDecision',
    tag: 'deployment',
    summary: 'Approve or reject at a gate, as the registered approver the caller maps to',
    problems: [
      'not-an-approver',
      'own-request',
      'one-person-one-gate',
      'one-session-one-seat',
      'gate-not-open',
      'gate-expired',
      'already-decided',
      'digest-differs',
    ],
    input: { path: GatePath, body: DecisionRequestSchema },
    answers: { 200: DeploymentViewSchema },
  },
  async ({ path: { app, env, id, gate }, body }, services: Services<'decide'>, { caller, home }) => {
    await findDeployment(services.store, app, env, id);
    const { planDigest: digest, ...ballot } = body;
    await decideAsCaller(services, { deploymentId: id, gate, principal: caller, digest, ...ballot });
    const deployment = await findDeployment(services.store, app, env, id);
    return answer(200, await viewDeployment(services.store, deployment, home));
  },
);
